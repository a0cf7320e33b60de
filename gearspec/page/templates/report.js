"use strict";
const form = document.querySelector(".filter");
const items = Array.from(document.querySelectorAll(".item"));
const texts = items.map((item) => (item.querySelector(".head") ?? item).textContent.toLowerCase());

function wanted(item, index) {
  const { area, level, verdict, text } = form.elements;
  return (
    (!area.value || item.dataset.areas.split(" ").includes(area.value)) &&
    (!level.value || item.dataset.level === level.value) &&
    (!verdict.value || item.dataset.verdict === verdict.value) &&
    texts[index].includes(text.value.toLowerCase())
  );
}

function filter() {
  const shown = items.filter((item, index) => !(item.hidden = !wanted(item, index)));
  for (const part of document.querySelectorAll(".part")) {
    part.hidden = !part.querySelector(".item:not([hidden])");
  }
  form.querySelector("output").textContent = `${shown.length} of ${items.length} shown`;
}

function open() {
  const item = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (item && item.tagName === "DETAILS") {
    item.open = true;
    item.scrollIntoView();
  }
}

form.hidden = false;
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", open);
filter();
open();
