// Kept where evaluation and training look for it; the generator itself lies below all floors.
export { seededRandom } from '../random.ts';
