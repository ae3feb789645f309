// The texts of collections that are searched elsewhere, in English.
import { count } from './en-count.ts';

export const services = {
  title: 'Collections that are searched elsewhere',
  lead: 'An organisation can search its own collection for you, too large for a browser. Photos stay here. What describes each photo, some hundred numbers, is sent there, and whoever runs the service can tell from them which landmark it shows.',
  label: 'Address of a service',
  hint: 'As `cairn serve` prints it',
  look: 'Ask what it has',
  looking: 'Asking what it has',
  cancel: 'Cancel',
  notAnAddress: 'That is no address of a service.',
  forbidden: (origin: string) =>
    `This page is not allowed to contact ${origin}: its own rules name the sites that it may. Ask whoever hosts it to build it with CAIRN_CONNECT="${origin}".`,
  failed: (host: string) => `${host} cannot be asked.`,
  askTitle: (host: string) => `Let ${host} search for your photos?`,
  ask: (name: string, landmarks: number, landmarksShown: string) =>
    `It has ${name} with ${count(landmarks, landmarksShown, 'landmark', 'landmarks')}.`,
  askSent: (host: string, numbers: string) =>
    `From now on ${host} gets ${numbers} numbers for each photo that you recognize, until you take it away again. The photo itself, its name, place and time are never sent.`,
  agree: 'Search there',
  agreed: (name: string) => `${name} is searched from now on.`,
  searched: 'Searched',
  opening: 'Asking',
  unreachable: 'Does not answer',
  again: 'Try again',
  againName: (host: string) => `Try again: ${host}`,
  remove: 'Stop searching there',
  removeName: (host: string) => `Stop searching there: ${host}`,
  removed: (host: string) => `Nothing is sent to ${host} any more.`,
  leadElsewhere: (hosts: string) =>
    `Drop a photo and Cairn names the landmark in it, or says plainly that it does not know. The photo stays on this device; numbers that describe it are sent to ${hosts}, as you agreed.`,
  aboutElsewhere: (hosts: string) =>
    `You have agreed that numbers which describe your photos are sent to ${hosts}. You can end that under Collections.`,
  throughHead: 'While a fine-tuned head is in use, services are not searched.',
};
