// One step of the map as paths, spots and names, ready to be put on the page.
import { geoGraticule10, geoPath } from 'd3-geo';
import type { MultiPolygon } from 'geojson';
import { type Atlas, outline, type Piece, pieceAt, piecesNear } from './atlas.ts';
import type { Position } from './geo.ts';
import type { MapContent, Mark } from './marks.ts';
import { type PlacedName, placeNames } from './names.ts';
import {
  countryReach,
  type Frame,
  projectionOf,
  reachOf,
  type Step,
  spotOf,
} from './projections.ts';
import { Sketch } from './sketch.ts';

export interface MapDrawing {
  readonly sphere: string;
  readonly graticule: string;
  /** Country by country, borders and coasts being their edges. */
  readonly land: string;
  /** The landmark's country, over the rest of the land. */
  readonly country: string;
  readonly names: readonly PlacedName[];
  /** Those that lie in the frame. */
  readonly spots: readonly { readonly mark: Mark; readonly x: number; readonly y: number }[];
}

/** A corner lies this much farther away, at most, than it would on a flat Earth. */
const CURVED = 1.2;

/** What stays the same from step to step. */
export interface MapPlace {
  readonly centre: Position;
  /** ISO 3166-1 alpha-2, as stated or as the place lies; null at sea. */
  readonly country: string | null;
  /** The country that the atlas counts the place to: Svalbard has a code of its own, and no land but Norway's. */
  readonly land: string | null;
  /** Metres from the middle to the upper edge of the country step. */
  readonly reach: number;
}

export function placeOnMap(atlas: Atlas, { marks, country }: MapContent): MapPlace {
  const centre = marks[0].position;
  const piece = pieceAt(atlas, centre, country);
  return {
    centre,
    country: country ?? piece?.country ?? null,
    land: piece?.country ?? null,
    reach: countryReach(centre, piece ? outline(piece) : []),
  };
}

type Outlines = Pick<MapDrawing, 'sphere' | 'graticule' | 'land'>;

/** The world's outlines are the same for all photos of one page, and the dearest to draw. */
let world: { readonly key: string; readonly outlines: Outlines } | null = null;

export function drawMap(
  atlas: Atlas,
  place: MapPlace,
  marks: readonly Mark[],
  step: Step,
  frame: Frame,
  nameOf: (country: string) => string,
): MapDrawing {
  const reach = reachOf(step, place.reach);
  const projection = projectionOf(place.centre, reach, frame);
  const path = geoPath(projection);
  const draw = (shape: Parameters<typeof path>[0]): string => {
    const fresh = new Sketch();
    geoPath(projection, fresh)(shape);
    return fresh.text();
  };
  const corner = Math.hypot(frame.width, frame.height) / frame.height;
  const near =
    reach === null ? atlas.pieces : piecesNear(atlas, place.centre, CURVED * corner * reach);
  const outlines = (): Outlines => ({
    sphere: reach === null ? draw({ type: 'Sphere' }) : '',
    graticule: draw(geoGraticule10()),
    land: draw(landOf(near)),
  });
  const key = `${frame.width} ${frame.height}`;
  if (reach === null && world?.key !== key) world = { key, outlines: outlines() };
  const own = near.filter(({ country }) => country !== null && country === place.land);
  const spots = marks.flatMap((mark) => {
    const spot = spotOf(projection, mark.position, frame);
    return spot ? [{ mark, x: spot[0], y: spot[1] }] : [];
  });
  return {
    ...(reach === null && world ? world.outlines : outlines()),
    country: draw(landOf(own)),
    names:
      reach === null
        ? []
        : placeNames(
            near,
            path,
            frame,
            spots.map(({ x, y }) => [x, y] as const),
            nameOf,
          ),
    spots,
  };
}

function landOf(pieces: readonly Piece[]): MultiPolygon {
  return { type: 'MultiPolygon', coordinates: pieces.map(({ polygon }) => polygon.coordinates) };
}
