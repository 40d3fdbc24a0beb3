// Command typed-forms prints what the Go types of Kubernetes' built-in kinds know that OpenAPI does not
// tell: which fields exist, which of them vanish when they are empty, and which values have a canonical
// spelling. The kubernetes stand-in provider reads it from rehearsal/providers/kubernetes/typed_forms.json;
// `go run . > ../../rehearsal/providers/kubernetes/typed_forms.json` writes it anew.
//
// Kinds that no supported release serves any more are left out, and a status is any JSON, for it is no
// input. The output is JSON, a line for each struct:
//
//	structs  name -> code -> the fields of that code, separated by spaces
//	kinds    group/version/Kind -> name of its struct
//	removed  group/version/Kind -> [first release that no longer serves it, kind to use instead]
//	merged   name of a struct -> field -> [strategy of strategic merge patches, merge key]
//
// A code is one of s string, b bool, i integer, y bytes in base64, q quantity, x integer or string,
// t time, u time with microseconds, r any JSON, or the name of a struct; [ and { before it make a list
// and a map of it. Before all that, ? says that an empty value vanishes, and * that only a null does.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

// Types that spell themselves, and so are not looked into.
var leaves = map[reflect.Type]string{
	reflect.TypeFor[resource.Quantity]():    "q",
	reflect.TypeFor[intstr.IntOrString]():   "x",
	reflect.TypeFor[metav1.Time]():          "t",
	reflect.TypeFor[metav1.MicroTime]():     "u",
	reflect.TypeFor[metav1.FieldsV1]():      "r",
	reflect.TypeFor[runtime.RawExtension](): "r",
	reflect.TypeFor[[]byte]():               "y",
}

var scalars = map[reflect.Kind]string{
	reflect.String: "s",
	reflect.Bool:   "b",
	reflect.Int32:  "i",
	reflect.Int64:  "i",
}

// The oldest minor release of Kubernetes 1 that clusters are expected to run.
const oldestSupported = 33

var (
	structs = map[string]map[string]string{}
	kinds   = map[string]string{}
	removed = map[string][2]string{}
	merged  = map[string]map[string][2]string{}
)

func main() {
	log.SetFlags(0)
	for gvk, goType := range scheme.Scheme.AllKnownTypes() {
		metadata, found := goType.FieldByName("ObjectMeta")
		if !found || metadata.Type != reflect.TypeFor[metav1.ObjectMeta]() || gvk.Version == runtime.APIVersionInternal {
			continue
		}
		if minor := recordRemoval(gvk, reflect.New(goType).Interface()); minor > oldestSupported {
			kinds[qualified(gvk)] = code(goType)
		}
	}
	fmt.Printf("{\n\"structs\": %s,\n\"kinds\": %s,\n", lines(structs), lines(kinds))
	fmt.Printf("\"removed\": %s,\n\"merged\": %s\n}\n", lines(removed), lines(merged))
}

// lines returns a JSON object with each of its entries on a line of its own.
func lines[V any](entries map[string]V) string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		value, err := json.Marshal(entries[name])
		if err != nil {
			log.Fatal(err)
		}
		text = append(text, fmt.Sprintf("%q: %s", name, value))
	}
	return "{\n" + strings.Join(text, ",\n") + "\n}"
}

func qualified(gvk schema.GroupVersionKind) string {
	return gvk.GroupVersion().String() + "/" + gvk.Kind
}

// recordRemoval returns the minor release that no longer serves the kind, or a large number.
func recordRemoval(gvk schema.GroupVersionKind, object any) int {
	removal, known := object.(interface{ APILifecycleRemoved() (major, minor int) })
	if !known {
		return math.MaxInt
	}
	major, minor := removal.APILifecycleRemoved()
	instead := ""
	if replaced, known := object.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); known {
		instead = qualified(replaced.APILifecycleReplacement())
	}
	removed[qualified(gvk)] = [2]string{fmt.Sprintf("%d.%d", major, minor), instead}
	return minor
}

// code returns the code of a type, without the question mark.
func code(goType reflect.Type) string {
	if goType.Kind() == reflect.Pointer {
		return code(goType.Elem())
	}
	if leaf, found := leaves[goType]; found {
		return leaf
	}
	if reflect.PointerTo(goType).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		log.Fatalf("%v has its own JSON form: add it to the leaves", goType)
	}
	if scalar, found := scalars[goType.Kind()]; found {
		return scalar
	}
	switch goType.Kind() {
	case reflect.Slice:
		return "[" + code(goType.Elem())
	case reflect.Map:
		return "{" + code(goType.Elem())
	case reflect.Struct:
		return structName(goType)
	}
	log.Fatalf("no code for %v", goType)
	return ""
}

// structName returns the name of a struct, and records its fields when it is met first.
func structName(goType reflect.Type) string {
	path := strings.Split(goType.PkgPath(), "/")
	name := strings.Join(path[len(path)-2:], "/") + "." + goType.Name()
	if _, known := structs[name]; known {
		return name
	}
	structs[name] = nil
	fields := map[string][]string{}
	collect(goType, fields)
	recordStrategies(goType, name)
	structs[name] = map[string]string{}
	for code, names := range fields {
		slices.Sort(names)
		structs[name][code] = strings.Join(names, " ")
	}
	return name
}

// collect adds the fields of a struct, those of embedded structs included, by their codes.
func collect(goType reflect.Type, fields map[string][]string) {
	for i := range goType.NumField() {
		field := goType.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			collect(field.Type, fields)
			continue
		}
		if name == "status" {
			fields["r"] = append(fields["r"], name)
			continue
		}
		code := code(field.Type)
		if slices.Contains(strings.Split(options, ","), "omitempty") {
			code = vanishing(field.Type.Kind()) + code
		}
		fields[code] = append(fields[code], name)
	}
}

// recordStrategies notes which fields of a struct a strategic merge patch does not simply replace.
func recordStrategies(goType reflect.Type, structName string) {
	for i := range goType.NumField() {
		field := goType.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if strategy := field.Tag.Get("patchStrategy"); strategy != "" && name != "status" {
			if merged[structName] == nil {
				merged[structName] = map[string][2]string{}
			}
			merged[structName][name] = [2]string{strategy, field.Tag.Get("patchMergeKey")}
		}
	}
}

// vanishing returns the mark for what "omitempty" leaves out of a field: of a struct, nothing.
func vanishing(kind reflect.Kind) string {
	switch kind {
	case reflect.Struct:
		return ""
	case reflect.Pointer:
		return "*"
	}
	return "?"
}
