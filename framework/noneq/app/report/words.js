'use strict';
// Numbers and elements. Every text from the run becomes a text node, so that none of it is ever read as HTML.
const report = JSON.parse(document.getElementById('data').textContent);
const runs = report.runs;
const several = runs.length > 1;

function make(tag, attributes, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (name === 'class') element.className = value; else element.setAttribute(name, value);
  element.append(...content.flat().filter(c => c !== null && c !== undefined && c !== ''));
  return element;
}

const thin = '\u2009';
const minus = text => text.replace(/-/g, '\u2212');

// 20000 → "20 000".
function grouped(text) {
  const [whole, rest] = text.split('.');
  const spaced = whole.replace(/\D/g, '').length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, thin) : whole;
  return rest === undefined ? spaced : spaced + '.' + rest;
}

// At most `digits` significant ones, as an axis or a table without errors needs them.
function plain(x, digits = 5) {
  if (x === null || !Number.isFinite(x)) return '–';
  if (x !== 0 && (Math.abs(x) >= 1e7 || Math.abs(x) < 1e-4)) {
    const [mantissa, power] = x.toExponential(Math.max(0, digits - 2)).split('e');
    return minus(`${Number(mantissa)}·10`) + superscript(Number(power));
  }
  return minus(grouped(String(Number(x.toPrecision(digits)))));
}

const superscript = n => String(n).replace(/[-0-9]/g, c => c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]);

// {value: "−1.354", error: "0.012"}: no more digits than the error gives meaning to.
function measured(value, error) {
  if (value === null || value === undefined) return {value: '–', error: ''};
  if (!(error > 0)) return {value: plain(value), error: ''};
  const digits = 1 - Math.floor(Math.log10(error));
  if (digits > 7 || Math.abs(value) >= 1e7)
    return {value: plain(value, Math.max(2, Math.min(9, digits + Math.ceil(Math.log10(Math.abs(value) || 1))))), error: plain(error, 2)};
  const fixed = x => minus(grouped(x.toFixed(Math.max(0, digits))));
  return {value: fixed(value), error: fixed(error)};
}

const last = list => list[list.length - 1];
// "beta_1" → "beta₁", "L_T" as it is, "K_minus_null" → "K minus null".
const spaced = name => name.replace(/_(\d)$/, (_, digit) => '₀₁₂₃₄₅₆₇₈₉'[digit]).replace(/_(?!T$)/g, ' ');

function seconds(s) {
  if (s < 1e-3) return plain(1e6 * s, 2) + ' µs';
  if (s < 1) return plain(1e3 * s, 3) + ' ms';
  if (s < 120) return plain(s, 3) + ' s';
  return s < 7200 ? plain(s / 60, 3) + ' min' : plain(s / 3600, 3) + ' h';
}

// What a run is called on the page: its name, or its folder where two have one name.
const names = runs.map(r => runs.filter(other => other.name === r.name).length > 1 ? r.folder : r.name);
const run_colour = k => `--run${k % 6}`;
const dot = k => make('span', {class: 'dot', style: `background: var(${run_colour(k)})`});
