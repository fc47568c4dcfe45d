// What every page does: times, forms that answer late, and keys.

import { keepTicking } from "./times.js";

keepTicking();

// A form is sent once, and says so while the answer is awaited.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.target.method !== "post") return;
  if (button.dataset.busy) button.textContent = button.dataset.busy;
  setTimeout(() => { button.disabled = true; });
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});

// "/" goes to the search box.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.querySelector("[data-search]");
  if (box) { event.preventDefault(); box.focus(); box.select(); }
});

// Fields that only matter for one choice of another field.
for (const chooser of document.querySelectorAll("select[data-chooses]")) {
  const show = () => {
    for (const part of document.querySelectorAll(`[data-for="${chooser.id}"]`)) part.hidden = part.dataset.when !== chooser.value;
  };
  chooser.addEventListener("change", show);
  show();
}
