// What pages gain with JavaScript; without it every form and link works as well.
// The server renders all HTML, with everything escaped; here it is only put into its place.
"use strict";

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

// Takes each element with an id and `data-swap` from an answer into the page, but for the one that is being written in.
function swap(html) {
  const open = new Set([...document.querySelectorAll("details[id][open]")].map((each) => each.id));
  for (const fresh of parse(html).querySelectorAll("[data-swap][id]")) {
    const old = document.getElementById(fresh.id);
    if (old && !(fresh.dataset.swap === "idle" && old.contains(document.activeElement))) old.replaceWith(fresh);
  }
  for (const each of document.querySelectorAll("details[id]")) each.open ||= open.has(each.id);
  mark();
}

// Ties messages to the fields that they are about.
function mark() {
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const problem of document.querySelectorAll("[data-field]")) {
    const field = document.getElementById(problem.dataset.field);
    if (!field) continue;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", problem.id);
  }
}

// A form with `data-live` is shown to the server as it is filled in: the newest answer counts.
let asked = 0;
async function show(form, button, edited) {
  const mine = ++asked;
  const body = new FormData(form, button);
  body.set("edited", edited);
  const answer = await fetch(form.dataset.live, { method: "POST", body: new URLSearchParams(body) });
  const html = await answer.text();
  if (answer.ok && mine === asked) swap(html);
}
for (const form of document.querySelectorAll("form[data-live]")) {
  let timer;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    const edited = event.target.name === "yaml" ? "yaml" : event.target.matches("select") ? "choice" : "fields";
    timer = setTimeout(() => show(form, null, edited), 300);
  });
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !["add", "remove"].includes(button.name)) return;
    event.preventDefault();
    clearTimeout(timer);
    show(form, button, "choice");
  });
}
mark();

// An element with `data-stream` follows a run: each event has rows for the log, and what is to be swapped in.
for (const log of document.querySelectorAll("[data-stream]")) {
  const source = new EventSource(log.dataset.stream);
  source.addEventListener("row", (event) => {
    const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 40;
    log.append(...parse(event.data).body.children);
    if (atEnd) log.scrollTop = log.scrollHeight;
  });
  source.addEventListener("state", (event) => swap(event.data));
  source.addEventListener("end", (event) => { swap(event.data); source.close(); });
}
