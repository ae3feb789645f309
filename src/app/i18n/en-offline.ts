// The texts about use without a network, installing and newer versions, in English.

export const offline = {
  title: 'Without a network',
  off: 'This browser window does not keep pages, so Cairn needs the network at each visit.',
  preparing: 'The page is being kept in this browser, so that it works without a network.',
  kept: (bytes: string) =>
    `Works offline from now on: the page (${bytes}), its models and its collections are kept in this browser. Only fetching new collections needs the network, and the first HEIC photo where the browser cannot read those itself.`,
  noRoom: (bytes: string) =>
    `The browser has too little room left to keep the page (${bytes}) for use offline. The place Collections shows what can be removed.`,
  failed:
    'The page could not be kept for use offline. It works with a network, and tries again at the next visit.',
  install: 'Install Cairn as an app',
  announceKept: 'Works offline from now on.',
  updateReady: 'A new version is ready.',
  updateHint: 'The page loads anew; photos in the list and their results are not kept.',
  updateBusy: 'It can be used as soon as what is under way has ended.',
  switchOver: 'Use it now',
};
