// Frames of samples behind a slider: over the steps of training, or over t.
const movers = [];

// Returns an element that shows any of the frames: {element, show(frame), state()}. Axes hold the frames in `all`.
function screen(kind, frames, colour_name, all = frames) {
  if (kind === 'points') {
    const canvas = make('canvas', {role: 'img', 'aria-label': 'samples as points in the plane'});
    const chart = point_chart(canvas, frames[0], all, colour_name);
    return {element: make('div', {class: 'plot square'}, canvas), show: frame => chart.show(frame),
            state: () => JSON.stringify(chart.chart.data.datasets[0].data.slice(0, 20))};
  }
  const image = make('img', {class: 'picture', alt: 'samples'});
  const show = frame => {
    image.src = frame.src;
    // Small pictures are enlarged by whole numbers, pixel by pixel.
    const times = Math.max(1, Math.floor(560 / Math.max(frame.width, frame.height)));
    image.width = times * frame.width, image.height = times * frame.height;
    image.classList.toggle('pixels', times > 1);
  };
  show(frames[0]);
  return {element: image, show, state: () => image.src};
}

// Returns a slider over `labels` that calls move(k); with a button that plays them.
function mover(labels, start, move, state) {
  const range = make('input', {type: 'range', min: 0, max: labels.length - 1, step: 1, 'aria-label': 'frame'});
  const output = make('output', {});
  const button = make('button', {type: 'button', 'aria-label': 'play'}, '▶');
  const show = () => {
    output.textContent = labels[Number(range.value)];
    move(Number(range.value));
  };
  range.value = start;
  range.addEventListener('input', show);
  let playing = null;
  const stop = () => {
    clearInterval(playing);
    playing = null;
    button.textContent = '▶';
  };
  button.addEventListener('click', () => {
    if (playing) return stop();
    button.textContent = '❚❚';
    if (Number(range.value) === labels.length - 1) range.value = 0, show();
    playing = setInterval(() => {
      range.value = Number(range.value) + 1;
      show();
      if (Number(range.value) === labels.length - 1) stop();
    }, Math.max(60, Math.min(700, 6000 / labels.length)));
  });
  show();
  movers.push({range, state});
  return make('div', {class: 'mover'}, button, range, output);
}

// The scales of colours below a picture: one for each channel, with the numbers at its ends and in its middle.
function scales(entry) {
  if (!entry.scales || entry.scales.length === 0) return null;
  return make('div', {class: 'scales'}, entry.scales.map(s => {
    const ends = [s.low, (s.low + s.high) / 2, s.high].map(x => make('span', {}, plain(x, 4)));
    const words = [spaced(s.name), s.unit].filter(Boolean).join(', ');
    return make('div', {class: 'scale'}, words ? make('p', {}, words) : null,
      make('div', {class: 'colours', style: `background: linear-gradient(to right, ${s.colours.join(', ')})`}), make('div', {class: 'ends'}, ends));
  }));
}

// One card for the samples of a writer's file, at each step at which there are some.
function samples_card(entry, k) {
  const shown = screen(entry.kind, entry.frames, run_colour(k));
  const card = make('figure', {class: 'card'}, make('figcaption', {}, several ? dot(k) : null, make('b', {}, entry.node || entry.file),
                    make('span', {}, [several ? names[k] : '', tensor_words(entry), entry.file, entry.note].filter(Boolean).join(' · '))), shown.element, scales(entry) || '');
  shown.show(last(entry.frames));
  if (entry.frames.length > 1)
    card.append(mover(entry.frames.map(f => f.label), entry.frames.length - 1, i => shown.show(entry.frames[i]), shown.state));
  return card;
}

const tensor_words = entry => ({mean: 'mean of the members', std: 'standard deviation of the members', quantiles: 'quantiles of the members',
  x0_hat: 'predicted x⁰', latent: 'latent x at t = T', nearest: 'nearest rows of the training data'})[entry.tensor] || '';

// One card for the way from noise to data, beside the way of the data into noise.
function trajectory_card(entry, k) {
  const by_time = frames => [...frames].sort((a, b) => Number(b.label) - Number(a.label));
  const reverse = by_time(entry.reverse), forward = entry.forward ? by_time(entry.forward) : null;
  const all = reverse.concat(forward || []);
  const right = screen(entry.kind, reverse, run_colour(k), all), left = forward ? screen(entry.kind, forward, run_colour(k), all) : null;
  const panel = (words, one) => make('div', {}, make('p', {}, words), one.element);
  const move = i => {
    right.show(reverse[i]);
    if (left) left.show(forward[Math.min(i, forward.length - 1)]);
  };
  return make('figure', {class: 'card'},
    make('figcaption', {}, several ? dot(k) : null, make('b', {}, several ? names[k] : entry.node || entry.file), make('span', {}, [entry.file, entry.note].filter(Boolean).join(' · '))),
    make('div', {class: 'pair'}, left ? panel('data becoming noise', left) : null, panel('noise becoming data', right)), scales(entry) || '',
    mover(reverse.map(f => `t = ${f.label}`), reverse.length - 1, move, right.state));
}
