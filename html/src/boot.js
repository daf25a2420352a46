// Sets the theme before the first paint. Runs before any module: plain script.
(function () {
  let choice = null;
  try {
    choice = JSON.parse(localStorage.getItem('coderemote.ui') || '{}').theme;
  } catch {
    // No storage: follow the system.
  }
  const dark =
    choice === 'dark' ||
    (choice !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
