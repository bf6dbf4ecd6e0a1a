'use strict';
const all = (what, within = document) => [...within.querySelectorAll(what)];
const folds = all('details');
const input = document.querySelector('input');
const found = document.querySelector('output');

// Lines between tiles: from the lower edge of one to the upper edge of the other.
const map = document.querySelector('.map');
const tiles = new Map(all('.tile').map((tile) => [tile.dataset.id, tile]));
const lines = [];
function draw() {
  if (!map) return;
  const at = map.getBoundingClientRect();
  for (const { path, from, to } of lines) {
    const [a, b] = [from, to].map((tile) => tile.getBoundingClientRect());
    const [x, y] = [a.left + a.width / 2 - at.left, a.bottom - at.top];
    const [u, v] = [b.left + b.width / 2 - at.left, b.top - at.top];
    const bend = Math.max(16, (v - y) / 2);
    path.setAttribute('d', `M${x} ${y}C${x} ${y + bend} ${u} ${v - bend} ${u} ${v}`);
  }
}
for (const from of tiles.values()) {
  for (const id of from.dataset.to.split(' ').filter(Boolean)) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    map.querySelector('svg').append(path);
    lines.push({ path, from, to: tiles.get(id) });
  }
  const light = (on) => () => {
    for (const { path, from: a, to: b } of lines) {
      if (a !== from && b !== from) continue;
      for (const part of [path, a, b]) part.classList.toggle('on', on);
    }
  };
  for (const event of ['mouseenter', 'focus']) from.addEventListener(event, light(true));
  for (const event of ['mouseleave', 'blur']) from.addEventListener(event, light(false));
}
if (map) {
  map.classList.add('drawn');
  new ResizeObserver(draw).observe(map);
  draw();
}

// Folding, and what a link points to is unfolded.
for (const button of all('[data-fold]')) {
  button.addEventListener('click', () => folds.forEach((fold) => { fold.open = Boolean(button.dataset.fold); }));
}
function unfoldTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.hidden) search(input.value = '');
  target.open = true;
  target.scrollIntoView();
}
addEventListener('hashchange', unfoldTarget);
unfoldTarget();

// Searching: every word must be in the text of a card. What was unfolded before is unfolded afterwards.
const cards = all('[data-find]').map((card) => ({ card, text: card.textContent.toLowerCase() }));
let before = null;
function search() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  before ??= folds.map((fold) => fold.open);
  let number = 0;
  for (const { card, text } of cards) {
    card.hidden = !words.every((word) => text.includes(word));
    number += !card.hidden;
    if (words.length && card.open === false) card.open = !card.hidden;
  }
  for (const section of all('section')) {
    const inside = all('[data-find]', section);
    section.hidden = inside.length > 0 && inside.every((card) => card.hidden);
  }
  if (!words.length) {
    folds.forEach((fold, place) => { fold.open = before[place]; });
    before = null;
  }
  found.textContent = words.length ? `${number} of ${cards.length}` : '';
}
input.addEventListener('input', search);
document.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== input) {
    event.preventDefault();
    input.focus();
  }
});

// Paper has no folds.
let unprinted = null;
addEventListener('beforeprint', () => {
  unprinted = folds.map((fold) => fold.open);
  folds.forEach((fold) => { fold.open = true; });
});
addEventListener('afterprint', () => {
  unprinted?.forEach((open, place) => { folds[place].open = open; });
  unprinted = null;
});
