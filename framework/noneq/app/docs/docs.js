'use strict';
// The search. `words` (words.js) is a list of [name, kind, place, doc]; all of it is text and never read as HTML.
const root = document.documentElement.dataset.root;
const field = document.getElementById('search'), list = document.getElementById('found');
const most = 30;

// Smaller is better; null: a word of the question is missing.
function rank(entry, asked) {
  const [name, kind, , doc] = entry.map(text => text.toLowerCase());
  let sum = 0;
  for (const word of asked) {
    const at = name.indexOf(word);
    if (name === word) sum += 0;
    else if (at === 0 || (at > 0 && '. -_'.includes(name[at - 1]))) sum += 1;
    else if (at > 0) sum += 2;
    else if (kind.includes(word)) sum += 3;
    else if (doc.includes(word)) sum += 4;
    else return null;
  }
  return sum;
}

function found(question) {
  const asked = question.toLowerCase().split(/\s+/).filter(word => word);
  if (asked.length === 0) return [];
  return words.map((entry, at) => [rank(entry, asked), at, entry]).filter(([sum]) => sum !== null)
    .sort((a, b) => a[0] - b[0] || a[2][0].length - b[2][0].length || a[1] - b[1]).slice(0, most).map(([, , entry]) => entry);
}

function line([name, kind, place, doc]) {
  const item = document.createElement('li'), link = document.createElement('a');
  link.href = root + place;
  for (const [tag, text] of [['b', name], ['span', kind], ['small', doc]]) {
    const part = document.createElement(tag);
    part.textContent = text;
    link.append(part, ' ');
  }
  item.append(link);
  return item;
}

function show() {
  const entries = found(field.value);
  list.replaceChildren(...entries.map(line));
  if (entries.length === 0 && field.value.trim()) list.textContent = 'Nothing was found.';
  list.hidden = !field.value.trim();
}

// Arrows go through the list, Enter opens its first entry, Escape closes it, and / begins a search.
function step(event) {
  const links = [field, ...list.querySelectorAll('a')], at = links.indexOf(document.activeElement);
  if (event.key === '/' && document.activeElement !== field) field.focus();
  else if (event.key === 'Escape') field.value = '', show(), field.blur();
  else if (event.key === 'ArrowDown' && at >= 0) links[Math.min(at + 1, links.length - 1)].focus();
  else if (event.key === 'ArrowUp' && at > 0) links[at - 1].focus();
  else if (event.key === 'Enter' && at === 0 && links.length > 1) links[1].click();
  else return;
  event.preventDefault();
}

field.hidden = false;
field.value = new URLSearchParams(location.search).get('q') ?? '';
show();
field.addEventListener('input', show);
document.addEventListener('keydown', step);
document.addEventListener('click', event => {
  if (!event.target.closest('.search')) list.hidden = true;
  else if (event.target.closest('#found a')) list.hidden = true;
});
