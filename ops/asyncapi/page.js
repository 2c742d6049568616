"use strict";
document.documentElement.classList.add("js");
const box = document.getElementById("find");
const count = document.getElementById("count");
const none = document.getElementById("none");
const cards = [...document.querySelectorAll("article")];
const links = new Map([...document.querySelectorAll("nav a[data-of]")].map((a) => [a.dataset.of, a]));
const chips = [...document.querySelectorAll("button[data-show]")];
const texts = new Map(cards.map((card) => [card, card.textContent.toLowerCase()]));
let shown = "all";

function look() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const card of cards) {
    const kinds = card.dataset.kinds.split(" ");
    const fits = (shown === "all" || kinds.includes(shown))
      && words.every((word) => texts.get(card).includes(word));
    card.hidden = !fits;
    const link = links.get(card.id);
    if (link) link.hidden = !fits;
    found += fits ? 1 : 0;
  }
  for (const part of document.querySelectorAll("section[data-part]"))
    part.hidden = ![...part.querySelectorAll("article")].some((card) => !card.hidden);
  for (const part of document.querySelectorAll("[data-reading]"))
    part.hidden = words.length > 0 || shown !== "all";
  for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.show === shown));
  count.textContent = `${found} of ${cards.length}`;
  none.style.display = found ? "none" : "block";
}

box.addEventListener("input", look);
for (const chip of chips) chip.addEventListener("click", () => { shown = chip.dataset.show; look(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && document.activeElement === box) { box.value = ""; look(); }
});
look();
