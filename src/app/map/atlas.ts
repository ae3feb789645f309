// The world as the page has it: Natural Earth at 1 : 50 million, from world-atlas, read once and kept.

import { geoContains } from 'd3-geo';
import type { MultiPolygon, Polygon, Position as Vertex } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import url from 'world-atlas/countries-50m.json?url';
import { distanceMetres, type Position } from './geo.ts';

type Countries = GeometryCollection<{ readonly name: string }>;
export type AtlasFile = Topology<{ countries: Countries }>;

/** One piece of a country's land. */
export interface Piece {
  /** ISO 3166-1 alpha-2; null where nobody has given the territory one. */
  readonly country: string | null;
  readonly polygon: Polygon;
  /** All of it lies within so many metres of `start`. */
  readonly start: Position;
  readonly within: number;
}

export interface Atlas {
  readonly pieces: readonly Piece[];
}

let opened: Promise<Atlas> | null = null;

/** Rejects where the file cannot be fetched; the next call then tries again. */
export function openAtlas(): Promise<Atlas> {
  opened ??= fetchAtlas().catch((thrown: unknown) => {
    opened = null;
    throw thrown;
  });
  return opened;
}

async function fetchAtlas(): Promise<Atlas> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The map answered with ${response.status}.`);
  return readAtlas((await response.json()) as AtlasFile); // a file of the page's own build
}

export function readAtlas(file: AtlasFile): Atlas {
  const pieces: Piece[] = [];
  for (const { id, geometry } of feature(file, file.objects.countries).features) {
    const country = alphaCode(id);
    for (const polygon of polygonsOf(geometry)) pieces.push(pieceOf(country, polygon));
  }
  return { pieces };
}

/** The pieces that may come within `reach` metres of the centre. */
export function piecesNear({ pieces }: Atlas, centre: Position, reach: number): Piece[] {
  return pieces.filter(({ start, within }) => distanceMetres(centre, start) <= reach + within);
}

/** The piece that a place lies on, or the nearest one of its country: coasts are drawn roughly. */
export function pieceAt(atlas: Atlas, place: Position, country: string | null): Piece | null {
  const near = piecesNear(atlas, place, 0);
  const on = near.find(({ polygon }) => geoContains(polygon, [place.lon, place.lat]));
  if (on && (country === null || on.country === country)) return on;
  const own = atlas.pieces.filter((piece) => country !== null && piece.country === country);
  const gap = (piece: Piece) =>
    Math.min(...outline(piece).map((point) => distanceMetres(place, point)));
  return (
    own.map((piece) => ({ piece, gap: gap(piece) })).sort((a, b) => a.gap - b.gap)[0]?.piece ??
    on ??
    null
  );
}

/** All points around it: lakes too, for the ring of Antarctica that comes first is the South Pole itself. */
export function outline({ polygon }: Pick<Piece, 'polygon'>): Position[] {
  return polygon.coordinates.flat().map(placeOf);
}

/** The file has ISO's numbers, which BCP 47 knows as regions too: Intl brings them to letters. */
export function alphaCode(id: string | number | undefined): string | null {
  if (id === undefined) return null;
  const region = new Intl.Locale(`und-${String(id).padStart(3, '0')}`).region ?? '';
  return /^[A-Z]{2}$/.test(region) ? region : null;
}

function pieceOf(country: string | null, polygon: Polygon): Piece {
  const [start = { lat: 0, lon: 0 }, ...others] = outline({ polygon });
  const within = others.reduce((far, point) => Math.max(far, distanceMetres(start, point)), 0);
  return { country, polygon, start, within };
}

function placeOf([lon = 0, lat = 0]: Vertex): Position {
  return { lat, lon };
}

function polygonsOf(geometry: { readonly type: string }): Polygon[] {
  const { type } = geometry;
  if (type === 'Polygon') return [geometry as Polygon];
  if (type !== 'MultiPolygon') return [];
  return (geometry as MultiPolygon).coordinates.map((coordinates) => ({
    type: 'Polygon',
    coordinates,
  }));
}
