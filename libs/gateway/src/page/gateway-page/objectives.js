import { call } from './api.js';
import { chart } from './chart.js';
import { byId, element, grouped, quiet } from './elements.js';

const ROUTING = 'slipway.routing.v1.RoutingService';
const MONITOR = 'slipway.monitoring.v1.MonitorService';
const OBJECTIVES_MAX = 4;
const DAYS_MAX = 120;
/** Verdicts of an analysis that changed something, as people say it. */
const VERDICTS = {
  next_step: ['next step', 'good'],
  decide: ['decided', 'good'],
  roll_back: ['rolled back', 'bad'],
  undecided: ['ended undecided', 'warn'],
  sample_ratio_mismatch: ['shares are not as intended', 'bad'],
};

const dayOf = (time) => String(time ?? '').slice(0, 10);

async function windowsOf(objective, signal) {
  const all = [];
  for (let pageToken = ''; all.length < 400;) {
    const page = await call(`${MONITOR}/ListWindows`, { objective, page_size: 100, page_token: pageToken }, signal);
    all.push(...page.windows);
    if (page.next_page_token === '') break;
    pageToken = page.next_page_token;
  }
  return all.filter(({ closed }) => closed).slice(-DAYS_MAX);
}

/** A state that lasts is told once; steps follow each other, each of them is news. */
const isRepeated = (verdict, before) => verdict === before && verdict !== 'next_step';

/** What was decided when, oldest first. */
async function marksOf(objective, signal) {
  const { experiments } = await call(`${ROUTING}/ListRoutingExperiments`, { objective, page_size: 20 }, signal);
  const found = await Promise.all(
    experiments.map(async ({ id, name, start_time: start }) => {
      const { analyses } = await call(`${ROUTING}/ListAnalyses`, { id, page_size: 1000 }, signal);
      const changes = analyses
        .sort((left, right) => left.as_of.localeCompare(right.as_of))
        .filter(({ verdict }, index, all) => VERDICTS[verdict] && !isRepeated(verdict, all[index - 1]?.verdict))
        .map(({ verdict, as_of: at, explanation }) => {
          const [what, kind] = VERDICTS[verdict];
          return { day: dayOf(at), text: `${name}: ${what}. ${explanation}`, kind };
        });
      return [{ day: dayOf(start), text: `${name} begins`, kind: '' }, ...changes];
    }),
  );
  const { alerts } = await call(`${MONITOR}/ListAlerts`, { objective, page_size: 50 }, signal);
  const alarms = alerts.map(({ first_day: day, kind, version, checks }) => ({
    day,
    text: `${kind} of version ${version}: ${checks.map(({ check }) => check.replaceAll('_', ' ')).join(', ')}`,
    kind: 'bad',
  }));
  const marks = [...found.flat(), ...alarms].filter(({ day }) => day !== '');
  return marks.sort((left, right) => left.day.localeCompare(right.day));
}

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

function linesOf(windows) {
  const versions = [...new Set(windows.flatMap(({ versions: all }) => all.map(({ version }) => version)))];
  versions.sort((left, right) => Number(left) - Number(right));
  const lines = versions.map((version, index) => ({
    name: `version ${version}`,
    className: `version-${index % 5}`,
    points: windows.flatMap(({ day, versions: all }) => {
      const value = all.find((one) => one.version === version)?.log_loss;
      return isNumber(value) ? [{ day, value }] : [];
    }),
  }));
  const served = windows.flatMap(({ day, log_loss: value }) => (isNumber(value) ? [{ day, value }] : []));
  return [...lines, { name: 'as served', className: 'served', points: served }];
}

function legend(lines) {
  const entries = lines.map(({ name, className }) =>
    element('span', { class: `key ${className}` }, element('span', { class: 'swatch' }), name),
  );
  return element('div', { class: 'legend' }, ...entries);
}

async function card({ name, description, deployment, experiment }, signal) {
  const [windows, marks] = await Promise.all([windowsOf(name, signal), marksOf(name, signal)]);
  const served = `served by ${deployment?.model}@${deployment?.alias}`;
  const head = element(
    'div',
    { class: 'title' },
    element('h3', {}, name),
    element('span', { class: 'badge' }, experiment ? 'experiment runs' : served),
    element('span', { class: 'quiet' }, description),
  );
  if (windows.length === 0) return element('div', {}, head, quiet('No day is closed yet.'));
  const lines = linesOf(windows);
  const rows = windows.reduce((sum, { rows: count }) => sum + Number(count), 0);
  const title = `Log loss per day of ${grouped(rows)} predictions; lower is better`;
  const list = marks.map(({ day, text, kind }) =>
    element('li', { class: kind }, element('time', { datetime: day }, `${day} `), text),
  );
  return element(
    'div',
    {},
    head,
    element('p', { class: 'quiet' }, title),
    chart(title, lines, marks, byId('objectives').clientWidth) ?? quiet('No day has outcomes yet.'),
    legend(lines),
    element('ol', { class: 'marks' }, ...list),
  );
}

/** Each objective with the loss of its models day by day, and what was decided. */
export async function objectives(signal) {
  const { objectives: all } = await call(`${ROUTING}/ListObjectives`, { page_size: OBJECTIVES_MAX }, signal);
  if (all.length === 0) return quiet('No objective yet.');
  return element('div', { class: 'stack' }, ...(await Promise.all(all.map((one) => card(one, signal)))));
}
