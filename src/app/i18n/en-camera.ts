// The texts about taking a photo with the computer's camera, in English.

export const camera = {
  title: 'Take a photo',
  asking:
    'The browser asks whether this page may use the camera. The picture stays on this device.',
  live: 'What the camera sees',
  shutter: 'Take the photo',
  cancel: 'Cancel',
  again: 'Try again',
  fileName: (when: string) => `Camera ${when}.jpg`,
  problems: {
    refused: {
      what: 'The camera was not allowed.',
      remedy: 'Allow it for this page in the browser’s address bar, then try again.',
    },
    none: {
      what: 'No camera was found.',
      remedy: 'Connect one and try again, or choose a photo from your files.',
    },
    busy: {
      what: 'The camera is in use or cannot be started.',
      remedy: 'Close other programs and tabs that use it, then try again.',
    },
    failed: {
      what: 'The camera stopped.',
      remedy: 'Try again, or choose a photo from your files.',
    },
  },
};
