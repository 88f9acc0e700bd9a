// Lines with error bands, bars and points, all of them drawn by Chart.js. A chart is made anew when the colours change.
const charts = [];
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function resolved(name) {  // a variable may refer to another
  const probe = make('span', {style: `color: var(${name})`});
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const faded = (name, share) => resolved(name).replace('rgb(', 'rgba(').replace(')', `, ${share})`);

function add_chart(canvas, configure) {
  const entry = {canvas, configure, chart: null};
  entry.draw = () => {
    if (entry.chart) entry.chart.destroy();
    entry.chart = new Chart(canvas, configure());
  };
  charts.push(entry);
  return entry;
}

function draw_charts() {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.color = colour('--soft');
  for (const entry of charts) entry.draw();
}

function axis(type, title, more) {
  const logarithmic = type === 'logarithmic';
  return Object.assign({
    type,
    title: {display: title !== '', text: title, color: colour('--soft')},
    grid: {color: colour('--line'), drawBorder: false, tickLength: 0},
    ticks: {
      color: colour('--soft'), maxTicksLimit: 7, includeBounds: false, maxRotation: 0, padding: 8, autoSkipPadding: 18,
      callback: value => logarithmic && !/^[125]/.test(Number(value).toExponential()) ? null : plain(value, 4),
    },
  }, more || {});
}

function label_of_point(item) {
  const m = measured(item.raw.y, item.raw.e);
  return ` ${item.dataset.label ? item.dataset.label + '  ' : ''}${m.value}${m.error ? ' ± ' + m.error : ''}`;
}

function base_options(x_title, x_axis, y_axis) {
  return {
    responsive: true, maintainAspectRatio: false, animation: false, parsing: false, normalized: true,
    interaction: {mode: 'nearest', axis: 'x', intersect: false},
    layout: {padding: {top: 4, right: 6}},
    scales: {x: x_axis, y: y_axis},
    plugins: {
      legend: {
        position: 'bottom', align: 'start', onClick: () => {},
        labels: {usePointStyle: true, pointStyle: 'line', boxWidth: 26, padding: 16, color: colour('--soft'), filter: (item, data) => !data.datasets[item.datasetIndex].silent},
      },
      tooltip: {
        filter: item => !item.dataset.silent, displayColors: false, padding: 10, cornerRadius: 8, backgroundColor: colour('--ink'),
        titleColor: colour('--paper'), bodyColor: colour('--paper'), titleFont: {weight: '500'},
        callbacks: {title: items => items.length ? `${x_title} ${plain(items[0].raw.x, 7)}` : '', label: label_of_point},
      },
    },
  };
}

// series: [{label, x, y, stderr, colour, faint, dashed}]. A band is one standard error to either side.
// `may_be_logarithmic`: where its numbers differ by much, the axis is.
function line_chart(canvas, series, x_title, may_be_logarithmic = true) {
  const values = series.flatMap(s => s.y).filter(y => y !== null), xs = series.flatMap(s => s.x);
  const low = Math.min(...values), high = Math.max(...values), all_positive = low > 0;
  const logarithmic = may_be_logarithmic && all_positive && high > 20 * low;
  const first = Math.min(...xs), end = Math.max(...xs);
  const wide_x = first > 0 && end > 100 * first && !['t', 'step'].includes(x_title);
  return add_chart(canvas, () => {
    const datasets = [];
    for (const s of series) {
      const points = s.x.map((x, k) => ({x, y: s.y[k], e: s.stderr ? s.stderr[k] : null})).filter(p => p.y !== null);
      datasets.push({
        label: s.label, data: points, borderColor: s.faint ? faded(s.colour, .3) : resolved(s.colour), borderWidth: s.faint ? 1.2 : 2,
        borderDash: s.dashed ? [5, 4] : [], pointRadius: points.length < 30 && !s.faint ? 2.5 : 0, pointHoverRadius: s.faint ? 0 : 4,
        pointBackgroundColor: resolved(s.colour), borderJoinStyle: 'round', silent: s.faint, order: 0,
      });
      if (s.faint || !points.some(p => p.e > 0)) continue;
      const side = sign => points.map(p => ({x: p.x, y: logarithmic ? Math.max(p.y + sign * (p.e || 0), p.y / 10) : p.y + sign * (p.e || 0)}));
      const band = {borderWidth: 0, pointRadius: 0, pointHoverRadius: 0, backgroundColor: faded(s.colour, .16), silent: true, order: 1};
      datasets.push({...band, data: side(+1), fill: '+1'}, {...band, data: side(-1), fill: false});
    }
    const options = base_options(x_title, axis(wide_x ? 'logarithmic' : 'linear', x_title, first < end ? {min: first, max: end} : {}),
                                 axis(logarithmic ? 'logarithmic' : 'linear', ''));
    options.plugins.legend.display = series.filter(s => !s.faint).length > 1;
    return {type: 'line', data: {datasets}, options};
  });
}

function bar_chart(canvas, bars, colour_name, text) {  // bars: [{label, value}]
  return add_chart(canvas, () => ({
    type: 'bar',
    data: {labels: bars.map(b => b.label), datasets: [{data: bars.map(b => b.value), backgroundColor: resolved(colour_name), borderRadius: 5, maxBarThickness: 16}]},
    options: {
      indexAxis: 'y', responsive: true, maintainAspectRatio: false, animation: false,
      scales: {x: axis('linear', '', {ticks: {display: false}, grid: {display: false, drawBorder: false}}),
               y: {grid: {display: false, drawBorder: false}, ticks: {color: colour('--ink'), padding: 8}}},
      plugins: {legend: {display: false}, tooltip: {displayColors: false, callbacks: {label: item => ' ' + text(bars[item.dataIndex])}}},
    },
  }));
}

// The ends of the axes around points in the plane, which hold all but a few outliers: {x: [low, high], y: …}. A unit has
// one length along both, unless the quantities differ so much in scale that one would hardly show.
function plane_around(frames) {
  const ends = first => {
    const all = frames.flatMap(f => f.xy.filter((_, k) => k % 2 === first)).filter(v => v !== null).sort((a, b) => a - b);
    const at = share => all.length ? all[Math.round(share * (all.length - 1))] : 0;
    return {middle: (at(.002) + at(.998)) / 2, half: .56 * Math.max(at(.998) - at(.002), 1e-6)};
  };
  const x = ends(0), y = ends(1), longer = Math.max(x.half, y.half);
  if (5 * Math.min(x.half, y.half) >= longer) x.half = y.half = longer;
  return {x: [x.middle - x.half, x.middle + x.half], y: [y.middle - y.half, y.middle + y.half]};
}

// Points in the plane, of which show(frame) changes the places; `first` is shown at first. All frames have one scale.
function point_chart(canvas, first, frames, colour_name) {
  const plane = plane_around(frames);
  const places = f => {
    const points = [];
    for (let k = 0; k + 1 < f.xy.length; k += 2) points.push({x: f.xy[k], y: f.xy[k + 1]});
    return points;
  };
  let shown = first;
  const side = ([min, max]) => axis('linear', '', {min, max, ticks: {...axis('linear', '').ticks, maxTicksLimit: 5}});
  const entry = add_chart(canvas, () => ({
    type: 'scatter',
    data: {datasets: [{data: places(shown), pointRadius: 1.5, pointHoverRadius: 1.5, borderWidth: 0, backgroundColor: faded(colour_name, .62)}]},
    options: {
      responsive: true, maintainAspectRatio: false, animation: false, parsing: false, events: [],
      scales: {x: side(plane.x), y: side(plane.y)}, plugins: {legend: {display: false}, tooltip: {enabled: false}},
    },
  }));
  entry.show = frame => {
    shown = frame;
    if (!entry.chart) return;
    entry.chart.data.datasets[0].data = places(frame);
    entry.chart.update();
  };
  return entry;
}
