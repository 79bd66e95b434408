const SVG = 'http://www.w3.org/2000/svg';
const SIZE = { width: 900, height: 300, left: 46, right: 12, top: 26, bottom: 26 };
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

function scales(lines) {
  const points = lines.flatMap(({ points: all }) => all);
  const days = points.map(({ day }) => dayNumber(day));
  const values = points.map(({ value }) => value);
  const [first, last] = [Math.min(...days), Math.max(...days, Math.min(...days) + 1)];
  const span = Math.max(...values) - Math.min(...values) || 0.1;
  const [low, high] = [Math.min(...values) - span * 0.05, Math.max(...values) + span * 0.05];
  const { width, height, left, right, top, bottom } = SIZE;
  return {
    first,
    last,
    low,
    high,
    x: (day) => left + ((dayNumber(day) - first) / (last - first)) * (width - left - right),
    y: (value) => top + ((high - value) / (high - low)) * (height - top - bottom),
  };
}

function grid({ low, high, y, x, first, last }) {
  const { width, height, left, right, bottom } = SIZE;
  const made = [];
  const step = stepOf(high - low);
  for (let value = Math.ceil(low / step) * step; value < high; value += step) {
    made.push(svg('line', { x1: left, x2: width - right, y1: y(value), y2: y(value), class: 'grid' }));
    made.push(svg('text', { x: left - 6, y: y(value) + 4, class: 'tick end' }, value.toFixed(step < 0.1 ? 2 : 1)));
  }
  const every = Math.max(1, Math.ceil((last - first) / 10));
  for (let day = first; day <= last; day += every) {
    const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
    made.push(svg('text', { x: x(text), y: height - bottom + 18, class: 'tick middle' }, spoken(text)));
  }
  return made;
}

function path({ points }, { x, y }, name) {
  let text = '';
  let before;
  for (const { day, value } of points) {
    const joined = before !== undefined && dayNumber(day) - before === 1;
    text += `${joined ? 'L' : 'M'}${x(day).toFixed(1)},${y(value).toFixed(1)}`;
    before = dayNumber(day);
  }
  return svg('path', { d: text, class: `line ${name}` });
}

function mark({ day, text, kind }, { x }, index) {
  const { height, top, bottom } = SIZE;
  const at = x(day);
  const title = svg('title', {}, `${spoken(day)}: ${text}`);
  return svg(
    'g',
    { class: `mark ${kind}` },
    title,
    svg('line', { x1: at, x2: at, y1: top - 6, y2: height - bottom }),
    svg('circle', { cx: at, cy: top - 10, r: 7 }),
    svg('text', { x: at, y: top - 6, class: 'middle' }, String(index + 1)),
  );
}

/**
 * One value a day for each line, with numbered marks.
 * @param lines {name, className, points: {day, value}[]}, days as `YYYY-MM-DD` in order. @param marks {day, text, kind} within those days.
 */
export function chart(title, lines, marks) {
  const drawn = lines.filter(({ points }) => points.length > 0);
  const scale = scales(drawn);
  const within = marks.filter(({ day }) => dayNumber(day) >= scale.first && dayNumber(day) <= scale.last);
  const { width, height } = SIZE;
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title, class: 'chart' },
    ...grid(scale),
    ...drawn.map((line) => path(line, scale, line.className)),
    ...within.map((one) => mark(one, scale, marks.indexOf(one))),
  );
}
