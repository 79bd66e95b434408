import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/monitoring/src/domain';
const PROFILE = 'libs/reference-profile/src';
const DISTANCES = 'libs/stats/src/distances';
const JOIN = [`${DOMAIN}/join/day-join.spec.ts`];
const EVALUATION = ['libs/monitoring/src/service/evaluation.spec.ts'];

/** Predictions and outcomes counted once, and alarms that mean something. */
export const MONITORING_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a prediction that comes twice counts twice',
    file: `${DOMAIN}/join/day-join.ts`,
    find: `      if (this.#rows.has(id) || !isInShare(id, this.#share)) continue;
      const at = this.#rows.size;
      this.#rows.set(id, at);
`,
    replace: `      if (!isInShare(id, this.#share)) continue;
      const at = this.#rows.size;
      this.#rows.set(this.#rows.has(id) ? \`\${id}/\${at}\` : id, at);
`,
    suites: JOIN,
  },
  {
    name: 'an outcome is never corrected',
    file: `${DOMAIN}/join/day-join.ts`,
    find: 'time < this.observed.get(row)) continue;',
    replace: '!Number.isNaN(this.observed.get(row))) continue;',
    suites: JOIN,
  },
  {
    name: 'an alert is opened again on each day it lasts',
    file: `${DOMAIN}/judge/episodes.ts`,
    find: 'else changes.opened.push(',
    replace: 'changes.opened.push(',
    suites: EVALUATION,
  },
  {
    name: 'two evaluations at once close a day twice',
    file: `${DOMAIN}/use-cases/evaluate-windows.ts`,
    find: 'if (!(await tx.monitors.advance(monitor, startOf(day) + DAY_MICROS))) return undefined;',
    replace: 'await tx.monitors.advance(monitor, startOf(day) + DAY_MICROS);',
    suites: EVALUATION,
  },
  {
    name: 'windows of a reference are compared with themselves',
    file: `${PROFILE}/thresholds.ts`,
    find: 'statisticOf(profile, check, pair.window, pair.others)',
    replace: 'statisticOf(profile, check, pair.window)',
    suites: [`${PROFILE}/thresholds.spec.ts`],
  },
  {
    name: 'an empty bin makes a shift infinite',
    file: `${DISTANCES}/population-stability.ts`,
    find: `    const a = (now + 0.5) / (currentRows + 0.5 * bins);
    const b = (before + 0.5) / (referenceRows + 0.5 * bins);
`,
    replace: `    const a = now / currentRows;
    const b = before / referenceRows;
`,
    suites: [`${DISTANCES}/distances.spec.ts`],
  },
  {
    name: 'few rows look like a shift',
    file: `${DISTANCES}/population-stability.ts`,
    find: 'return sum - (bins - 1) * (1 / currentRows + 1 / referenceRows);',
    replace: 'return sum;',
    suites: [`${DISTANCES}/distances.spec.ts`],
  },
  {
    name: 'predictions that come after their outcomes find none',
    file: 'libs/monitoring/src/domain/join/joined-days.ts',
    find: "if (kind === 'predictions' && hasOutcomes && names.length !== known.length) return false;",
    replace: '',
    suites: ['libs/monitoring/src/domain/join/joined-days.spec.ts'],
  },
  {
    name: 'a kept join goes on although a block came before its last one',
    file: 'libs/monitoring/src/domain/join/joined-days.ts',
    find: 'known.length <= names.length && known.every((name, index) => name === names[index])',
    replace: 'known.length <= names.length',
    suites: ['libs/monitoring/src/domain/join/joined-days.spec.ts'],
  },
];
