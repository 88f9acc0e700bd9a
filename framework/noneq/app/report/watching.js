// Of a page that `noneq watch` serves: loads it again when the run has written something.
setInterval(async () => {
  try {
    if (await (await fetch('/state')).text() !== report.state) location.reload();
  } catch (ended) {
    document.title = document.title.replace(/( \(ended\))?$/, ' (ended)');
  }
}, 3000);
