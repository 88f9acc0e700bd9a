// The sections of the page. Each shows all runs; one that has nothing to show is left out.
function section(title, words, ...content) {
  const all = content.flat().filter(Boolean);
  return all.length === 0 ? null : make('section', {}, make('h2', {}, title), words ? make('p', {}, words) : null, all);
}

// Cards side by side; null where there are none.
function grid_of(cards) {
  const all = cards.filter(Boolean);
  return all.length ? make('div', {class: 'grid'}, all) : null;
}

const key_of = n => [n.node, n.name, n.unit, n.on].join('\n');
const unit_words = n => [n.unit, n.on ? `${n.on} data` : ''].filter(Boolean).join(', ');

function plot(title, words, draw) {
  const canvas = make('canvas', {role: 'img', 'aria-label': `${title}, ${words}`});
  draw(canvas);
  return make('figure', {class: 'card'}, make('figcaption', {}, make('b', {}, title), make('span', {}, words)), make('div', {class: 'plot'}, canvas));
}

function heading() {
  const facts = r => make('p', {class: 'facts'}, [
    r.steps || r.step ? `${grouped(String(r.step))}${r.steps && r.step < r.steps ? ' of ' + grouped(String(r.steps)) : ''} steps` : 'one pass',
    ...r.environment.filter(([what]) => ['seed', 'took'].includes(what)).map(([what, text]) => what === 'seed' ? `seed ${text}` : text),
    ...r.environment.filter(([what]) => what === 'threads').map(([, text]) => `${text} threads`),
  ].map(text => make('span', {}, text)));
  const state = r => make('span', {class: `state ${r.state.replace(' ', '-')}`}, r.state);
  if (!several)
    return make('header', {}, state(runs[0]), make('h1', {}, names[0]), facts(runs[0]), runs[0].reason ? make('p', {class: `reason ${runs[0].state}`}, runs[0].reason) : null);
  return make('header', {}, make('h1', {}, `${runs.length} runs`),
    make('div', {class: 'runs'}, runs.map((r, k) => make('div', {}, dot(k), make('b', {}, names[k]), state(r), facts(r), r.reason ? make('p', {class: `reason ${r.state}`}, r.reason) : null))));
}

function notes() {
  const lines = runs.flatMap((r, k) => r.missing.map(text => several ? `${names[k]}: ${text}` : text));
  if (report.left_out.length)
    lines.push(`Left out, because pictures may take ${report.limit}: ${report.left_out.slice(0, 12).join(', ')}${report.left_out.length > 12 ? ` and ${report.left_out.length - 12} more` : ''}.`);
  return lines.length ? make('aside', {class: 'notes'}, make('b', {}, 'Not on this page'), make('ul', {}, lines.map(text => make('li', {}, text)))) : null;
}

// The loss, and the first number of each metric, as it was measured last.
function tiles() {
  if (several) return null;
  const seen = new Set();
  const chosen = runs[0].numbers.filter(n => !seen.has(n.node) && seen.add(n.node)).sort((a, b) => a.loss - b.loss).slice(0, 6);
  return chosen.length === 0 ? null : make('div', {class: 'tiles'}, chosen.map(n => {
    const m = measured(last(n.value), last(n.stderr));
    return make('div', {class: 'tile'}, make('div', {class: 'label'}, make('b', {}, spaced(n.name)), n.node === n.name ? '' : ` ${n.node}`),
      make('div', {class: 'value'}, m.value), make('div', {class: 'error'}, [m.error ? `± ${m.error}` : '', n.unit].filter(Boolean).join(' ')));
  }));
}

function trajectories() {
  const cards = runs.flatMap((r, k) => r.trajectories.map(entry => trajectory_card(entry, k)));
  return section('From noise to data', 'States on the way. The data takes the same way in the other direction; at equal t both should look alike.',
    cards.length ? make('div', {class: several ? 'grid' : ''}, cards.map(c => (c.style.marginTop = several ? '' : '24px', c))) : null);
}

function samples() {
  const by_kind = all => [...all].sort((a, b) => a.file.endsWith('.png') - b.file.endsWith('.png'));  // samples before figures
  // The end of the way from noise to data is the only frame of some files.
  const is_shown = (r, entry) => entry.frames.length === 1 && r.trajectories.some(t => t.file === entry.file);
  const cards = runs.flatMap((r, k) => by_kind(r.samples.filter(entry => !is_shown(r, entry))).map(entry => samples_card(entry, k)));
  return section('Samples and figures', '', grid_of(cards));
}

// One chart for each number that changed in training; nodes and runs that have it share the chart.
function training() {
  const groups = new Map();
  runs.forEach((r, k) => r.numbers.filter(n => n.step.length > 1 && n.value.some(v => v !== n.value[0])).forEach(n => {
    const key = [n.name, n.unit, n.on].join('\n');
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push({n, k});
  }));
  const most = 12, all = [...groups.values()];
  const cards = all.slice(0, most).map(group => {
    const first = group[0].n, lines = group.map(({n, k}, i) => ({
      label: [several ? names[k] : '', group.some(g => g.n.node !== n.node) || !several ? n.node : ''].filter(Boolean).join(' '),
      x: n.step, y: n.value, stderr: n.stderr, colour: run_colour(several ? k : i), dashed: several && group.findIndex(g => g.k === k) !== i,
    }));
    const joined = first.joined > 1 ? `, each point the mean of ${first.joined} records` : '';
    return plot(spaced(first.name), unit_words(first) + joined, canvas => line_chart(canvas, lines, 'step'));
  });
  if (cards.length % 2 === 1) cards[0].style.gridColumn = '1 / -1';
  return section('Training', 'Bands are one standard error to either side.', grid_of(cards),
    all.length > most ? make('p', {class: 'soft'}, `${all.length - most} more numbers are in the table.`) : null);
}

// One chart for the arrays of a metric over its axis. Events before the last are thin lines, where there is one array.
function curve_card(group) {
  const shown = curve => curve.name === 'kl' ? 'KL of each step' : spaced(curve.name);
  const lines = group.flatMap(({c, k}) => last(c.events).curves.flatMap((curve, i, all) => {
    const of_event = (event, e) => event.curves.filter(other => other.name === curve.name).map(other => ({
      label: [several ? names[k] : '', all.length > 1 || !several ? shown(curve) : ''].filter(Boolean).join(' '), x: event.x, y: other.y, stderr: other.stderr,
      colour: run_colour(several ? k : i), dashed: several && i > 0, faint: e + 1 < c.events.length,
    }));
    return all.length > 1 ? of_event(last(c.events), c.events.length - 1) : c.events.flatMap(of_event);
  }));
  const {c} = group[0], all = last(c.events).curves, before = all.length > 1 || several ? [] : c.events.slice(0, -1);
  const docs = all.map(curve => curve.doc ? (all.length > 1 ? `${spaced(curve.name)}: ` : '') + curve.doc : '').filter(Boolean).join('; ');
  const words = [docs, before.length ? `thin lines: ${before.map(e => 'step ' + grouped(String(e.step))).join(', ')}` : ''].filter(Boolean).join(' · ');
  return plot(all.length > 1 ? c.node : shown(all[0]), all.length > 1 ? words : `${c.node} · ${words}`, canvas => line_chart(canvas, lines, spaced(c.axis)));
}

function curve_cards(is_chosen) {
  const groups = new Map();
  runs.forEach((r, k) => r.curves.filter(c => is_chosen(c.axis)).forEach(c => {
    const key = [c.node, c.axis].join('\n');
    groups.set(key, [...(groups.get(key) || []), {c, k}]);
  }));
  return [...groups.values()].map(curve_card);
}

const process = () => section('Process', 'The cost of each step, and the schedule that sets how fast the signal leaves.',
  grid_of([...curve_cards(axis => axis === 't'), ...(runs.some(r => r.schedule) ? schedule_cards() : [])]));
const other_curves = () => section('Curves', 'What metrics found along an axis of their own.', grid_of(curve_cards(axis => axis !== 't')));

function schedule_cards() {
  const learned = runs.some(r => r.schedule && r.schedule.learned) ? ', as it was learned' : '';
  const lines = name => runs.map((r, k) => r.schedule && {label: several ? names[k] : '', x: r.schedule.t, y: r.schedule[name], colour: run_colour(k)}).filter(Boolean);
  return [['alpha_bar', 'Signal', 'ᾱ, the share of the data’s variance that is left at t'], ['beta', 'Noise', 'β, the share that step t adds'], ['log_snr', 'ln SNR', 'ln ᾱ/(1−ᾱ)']]
    .map(([name, title, words]) => plot(title, words + learned, canvas => line_chart(canvas, lines(name), 't', name === 'beta')));
}

// All numbers as they were measured last, a column for each run.
function numbers() {
  const rows = new Map();
  runs.forEach((r, k) => r.numbers.forEach(n => rows.set(key_of(n), {...(rows.get(key_of(n)) || {}), [k]: n})));
  if (rows.size === 0) return null;
  const cell = n => {
    if (!n) return make('td', {class: 'number soft'}, '–');
    const m = measured(last(n.value), last(n.stderr));
    return make('td', {class: 'number'}, m.value, m.error ? make('span', {class: 'soft'}, ` ± ${m.error}`) : '');
  };
  const body = [...rows.values()].map(row => {
    const n = Object.values(row)[0];
    return make('tr', {}, make('td', {}, spaced(n.name), ' ', make('small', {}, n.node)), runs.map((_, k) => cell(row[k])),
      make('td', {class: 'soft'}, unit_words(n)), make('td', {class: 'number soft'}, several ? '' : grouped(String(last(n.step)))), make('td', {class: 'number soft'}, n.n ? grouped(String(n.n)) : ''));
  });
  const head = make('tr', {}, make('th', {}, ''), runs.map((_, k) => make('th', {class: 'number'}, several ? [dot(k), names[k]] : 'value')),
    make('th', {}, 'unit'), make('th', {class: 'number'}, several ? '' : 'step'), make('th', {class: 'number'}, 'n'));
  return section('Numbers', 'As they were measured last, with their standard errors.', make('div', {class: 'card scroll'}, make('table', {}, make('thead', {}, head), make('tbody', {}, body))));
}

function graph_card(r, k) {
  if (!r.graph) return null;
  const drawn = new DOMParser().parseFromString(r.graph, 'image/svg+xml').documentElement;
  if (drawn.nodeName !== 'svg') return null;
  const svg = document.importNode(drawn, true);
  const roles = new Map(r.times.map(t => [t.node, t.plugin.split('.')[0]]));
  for (const paper of svg.querySelectorAll('.graph > polygon')) paper.remove();
  for (const node of svg.querySelectorAll('.node')) {
    const id = node.querySelector('title').textContent, plugin = [...node.querySelectorAll('text')].map(t => t.textContent);
    node.classList.add(roles.get(id) || (plugin[1] || 'part').split('.')[0].replace(/\W.*/, '') || 'part');
  }
  svg.style.width = svg.getAttribute('width');
  svg.style.maxWidth = 'max(100%, 900px)';
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  return make('figure', {class: 'card graph'}, several ? make('figcaption', {}, dot(k), make('b', {}, names[k])) : null, make('div', {class: 'scroll'}, svg));
}

function time_card(r, k) {
  const all = r.times.reduce((sum, t) => sum + t.seconds, 0);
  const bars = [...r.times].sort((a, b) => b.seconds - a.seconds).filter(t => t.seconds > 0).slice(0, 14).map(t => ({...t, label: `${t.node}   ${seconds(t.seconds)}`, value: t.seconds}));
  if (bars.length === 0) return null;
  const card = plot('Time in each node', [several ? names[k] : '', 'summed over threads, without the nodes that it calls'].filter(Boolean).join(' · '),
    canvas => bar_chart(canvas, bars, run_colour(k), b => `${plain(100 * b.seconds / all, 3)} % · ${grouped(String(b.calls))} calls of ${seconds(b.seconds / b.calls)}`));
  card.querySelector('.plot').style.height = `${26 + 30 * bars.length}px`;
  return card;
}

const graphs = () => section('Graph', 'Dashed edges give a node the model.', runs.map(graph_card), grid_of(runs.map(time_card)));

function yaml(text) {
  return make('pre', {}, text.split('\n').flatMap(line => {
    const parts = /^(\s*)([\w./-]+)(:.*)$/.exec(line);
    return [...(parts ? [parts[1], make('span', {class: 'key'}, parts[2]), parts[3]] : [make('span', {class: 'soft'}, line)]), '\n'];
  }));
}

const pipelines = () => section('Pipeline', 'Every parameter, defaults included.',
  make('div', {class: 'grid'}, runs.map((r, k) => make('figure', {class: 'card'}, make('details', several ? {} : {open: ''}, make('summary', {}, several ? [dot(k), names[k]] : 'pipeline.yaml'), yaml(r.pipeline))))));

const environments = () => section('Environment', '',
  make('div', {class: 'grid'}, runs.map((r, k) => make('div', {class: 'card'}, several ? make('figcaption', {}, dot(k), make('b', {}, names[k])) : null,
    make('dl', {class: 'environment'}, [...r.environment, ...(r.files.length ? [['files', r.files.join(', ')]] : [])].flatMap(([what, text]) => [make('dt', {}, what), make('dd', {}, text)]))))));
