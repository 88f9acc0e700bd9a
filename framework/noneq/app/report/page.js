document.getElementById('page').replaceChildren(...[
  heading(), notes(), tiles(), trajectories(), samples(), training(), process(), other_curves(), numbers(), graphs(), pipelines(), environments(),
  make('footer', {}, `Made by noneq ${report.noneq} on ${report.made}, from ${several ? 'the folders of these runs' : 'the folder of this run'} alone. Charts: Chart.js ${Chart.version}.`),
].filter(Boolean));
draw_charts();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw_charts);
if (!matchMedia('(prefers-reduced-motion: reduce)').matches)  // samples move from frame to frame
  for (const entry of charts)
    if (entry.show) entry.chart.options.animation = {duration: 450, easing: 'easeInOutQuad'};
