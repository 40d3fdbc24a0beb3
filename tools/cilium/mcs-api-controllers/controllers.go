// Package controllers has what Cilium's operator takes of the package of this name, which registries of modules do not
// have: one name (sigs.k8s.io/mcs-api, controllers/common.go).
package controllers

// DerivedServiceAnnotation says of a ServiceImport which Service was made for it.
const DerivedServiceAnnotation = "multicluster.kubernetes.io/derived-service"
