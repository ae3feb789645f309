// The texts about the places themselves, in English.

export const places = {
  loading: 'One moment …',
  failed: 'This part of the page could not be fetched',
  failedHint:
    'The network may be gone, or the page was replaced by a newer version: then loading the page anew helps.',
  reload: 'Load the page anew',
};
