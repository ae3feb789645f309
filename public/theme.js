// Sets the chosen colours before the first paint; a module would come too late and flash.
try {
  const theme = localStorage.getItem('cairn.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // No storage, no choice to honour: the device's own colours stay.
}
