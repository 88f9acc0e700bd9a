// Frames of samples behind a slider: over the steps of training, or over t.
const movers = [];

// Returns an element that shows any of the frames: {element, show(frame), state()}.
function screen(kind, frames, colour_name) {
  if (kind === 'points') {
    const canvas = make('canvas', {role: 'img', 'aria-label': 'samples as points in the plane'});
    const chart = point_chart(canvas, frames, colour_name);
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

// One card for the samples of a writer's file, at each step at which there are some.
function samples_card(entry, k) {
  const shown = screen(entry.kind, entry.frames, run_colour(k));
  const card = make('figure', {class: 'card'}, make('figcaption', {}, several ? dot(k) : null, make('b', {}, entry.node || entry.file),
                    make('span', {}, [several ? names[k] : '', entry.file, entry.note].filter(Boolean).join(' · '))), shown.element);
  shown.show(last(entry.frames));
  if (entry.frames.length > 1)
    card.append(mover(entry.frames.map(f => f.label), entry.frames.length - 1, i => shown.show(entry.frames[i]), shown.state));
  return card;
}

// One card for the way from noise to data, beside the way of the data into noise.
function trajectory_card(entry, k) {
  const by_time = frames => [...frames].sort((a, b) => Number(b.label) - Number(a.label));
  const reverse = by_time(entry.reverse), forward = entry.forward ? by_time(entry.forward) : null;
  const right = screen(entry.kind, reverse, run_colour(k)), left = forward ? screen(entry.kind, forward, run_colour(k)) : null;
  const panel = (words, one) => make('div', {}, make('p', {}, words), one.element);
  const move = i => {
    right.show(reverse[i]);
    if (left) left.show(forward[Math.min(i, forward.length - 1)]);
  };
  return make('figure', {class: 'card'},
    make('figcaption', {}, several ? dot(k) : null, make('b', {}, several ? names[k] : entry.node || entry.file), make('span', {}, [entry.file, entry.note].filter(Boolean).join(' · '))),
    make('div', {class: 'pair'}, left ? panel('data becoming noise', left) : null, panel('noise becoming data', right)),
    mover(reverse.map(f => `t = ${f.label}`), reverse.length - 1, move, right.state));
}
