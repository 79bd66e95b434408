const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 300;
const MARGIN = { left: 40, right: 14, top: 12, bottom: 26 };
/** Units of the drawing are pixels of the page, so that text keeps its size on a narrow one. */
const WIDTH_MIN = 280;
/** A tick of the days needs this much. */
const TICK_WIDTH = 64;
const MARK = { radius: 8, row: 20 };
/** Marks soon after the last day are part of the picture: a decision is made after the day that led to it. */
const DAYS_AFTER = 3;
const DAY_MS = 86_400_000;

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const dayNumber = (day) => Date.parse(`${day}T00:00:00Z`) / DAY_MS;
const spoken = (day) =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString([], { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A round step so that about five lines fit. */
function stepOf(span) {
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function scales(lines, marks, width) {
  const points = lines.flatMap(({ points: all }) => all);
  const days = points.map(({ day }) => dayNumber(day));
  const values = points.map(({ value }) => value);
  const first = Math.min(...days);
  const end = Math.max(...days) + DAYS_AFTER;
  const late = marks.map(({ day }) => dayNumber(day)).filter((day) => day <= end);
  const last = Math.max(...days, ...late, first + 1);
  const span = Math.max(...values) - Math.min(...values) || 0.1;
  const [low, high] = [Math.min(...values) - span * 0.05, Math.max(...values) + span * 0.05];
  const x = (day) => MARGIN.left + ((dayNumber(day) - first) / (last - first)) * (width - MARGIN.left - MARGIN.right);
  const within = marks.filter(({ day }) => dayNumber(day) >= first && dayNumber(day) <= last);
  const placed = rowsOf(within.map((one) => ({ ...one, number: marks.indexOf(one) + 1, at: x(one.day) })));
  const top = MARGIN.top + (Math.max(-1, ...placed.map(({ row }) => row)) + 1) * MARK.row;
  const y = (value) => top + ((high - value) / (high - low)) * (HEIGHT - top - MARGIN.bottom);
  return { first, last, low, high, x, y, placed, width };
}

/** Marks that would cover one another go below each other. */
function rowsOf(marks) {
  const ends = [];
  return marks.map((one) => {
    const free = ends.findIndex((end) => end <= one.at - MARK.radius);
    const row = free < 0 ? ends.length : free;
    ends[row] = one.at + MARK.radius + 1;
    return { ...one, row };
  });
}

function grid({ low, high, y, x, first, last, width }) {
  const made = [];
  const step = stepOf(high - low);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  for (let count = Math.ceil(low / step); count * step < high; count += 1) {
    const value = count * step;
    made.push(svg('line', { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value), class: 'grid' }));
    made.push(svg('text', { x: MARGIN.left - 6, y: y(value) + 4, class: 'tick end' }, value.toFixed(digits)));
  }
  const ticks = Math.max(2, Math.floor((width - MARGIN.left) / TICK_WIDTH));
  const every = Math.max(1, Math.ceil((last - first) / ticks));
  for (let day = first; day <= last; day += every) {
    const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const isLast = x(text) > width - TICK_WIDTH / 2;
    const side = day === first ? 'start' : isLast ? 'end' : 'middle';
    const at = isLast ? width - 1 : day === first ? MARGIN.left - 6 : x(text);
    made.push(svg('text', { x: at, y: HEIGHT - MARGIN.bottom + 18, class: `tick ${side}` }, spoken(text)));
  }
  return made;
}

function path({ points }, { x, y }, name) {
  let text = '';
  let before;
  for (const { day, value } of points) {
    const isJoined = before !== undefined && dayNumber(day) - before === 1;
    // a day without neighbours is a dot: a line of no length with round ends
    text += `${isJoined ? 'L' : 'M'}${x(day).toFixed(1)},${y(value).toFixed(1)}${isJoined ? '' : 'h0'}`;
    before = dayNumber(day);
  }
  return svg('path', { d: text, class: `line ${name}` });
}

function mark({ day, text, kind, at, row, number }) {
  const middle = MARGIN.top + row * MARK.row;
  return svg(
    'g',
    { class: `mark ${kind}` },
    svg('title', {}, `${spoken(day)}: ${text}`),
    svg('line', { x1: at, x2: at, y1: middle, y2: HEIGHT - MARGIN.bottom }),
    svg('circle', { cx: at, cy: middle, r: MARK.radius }),
    svg('text', { x: at, y: middle + 3.5, class: 'middle' }, String(number)),
  );
}

/**
 * One value a day for each line, with numbered marks.
 * @param lines {name, className, points: {day, value}[]}, days as `YYYY-MM-DD` in order. @param marks {day, text, kind} in order; numbers count
 * all of them, also those that are too early or too late to be drawn. @param width in pixels. @returns undefined when no line has a point.
 */
export function chart(title, lines, marks, width) {
  const drawn = lines.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return undefined;
  const scale = scales(drawn, marks, Math.max(WIDTH_MIN, width));
  return svg(
    'svg',
    { viewBox: `0 0 ${scale.width} ${HEIGHT}`, role: 'img', 'aria-label': title, class: 'chart' },
    ...grid(scale),
    ...drawn.map((line) => path(line, scale, line.className)),
    ...scale.placed.map(mark),
  );
}
