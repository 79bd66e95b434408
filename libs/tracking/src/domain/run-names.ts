import type { Random } from '@slipway/kernel';

const QUALITIES =
  'able agile amber apt bold brave brisk calm candid clever crisp daring deft eager early fair fleet frank fresh gentle glad grand hardy honest keen kind lively loyal lucid mellow merry neat nimble noble patient plucky polite prime proud quick quiet rapid ready sage serene sharp sleek smooth sober solid spry stable steady stout sunny swift tidy trusty vivid warm wise witty zesty'.split(
    ' ',
  );
const BIRDS =
  'auk avocet bittern bunting buzzard coot crake crane curlew dipper dove dunlin eagle egret eider falcon finch gannet godwit goose grebe grouse gull harrier hawk heron hobby hoopoe ibis jackdaw jay kestrel kite knot lapwing lark linnet loon magpie martin merlin osprey ouzel owl petrel pigeon pipit plover puffin quail rail raven robin rook ruff sandpiper serin shrike siskin skua snipe starling stilt stork'.split(
    ' ',
  );

/** A name for a run that nobody has named, e.g. `calm-heron-417`. */
export function makeRunName(random: Random): string {
  const [first = 0, second = 0, high = 0, low = 0] = random.bytes(4);
  return `${QUALITIES[first % QUALITIES.length]}-${BIRDS[second % BIRDS.length]}-${((high << 8) | low) % 1000}`;
}

/** 32 lower-case hex digits. */
export const makeRunId = (random: Random): string =>
  Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
