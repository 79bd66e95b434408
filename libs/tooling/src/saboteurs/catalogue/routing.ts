import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/routing/src/domain';
const ASSIGNMENTS = 'libs/assignments/src';
const JUDGE = [`${DOMAIN}/analysis/judge.spec.ts`];
const WHOLE = ['libs/routing/src/service/routing-service.spec.ts'];

/** Who gets which model, and when an experiment may say that one is better. */
export const ROUTING_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'a unit is answered without its exposure being kept',
    file: `${DOMAIN}/use-cases/assign-units.ts`,
    find: 'const fresh = await tx.exposures.add(experiment, unknown);',
    replace: 'const fresh = new Set(unknown.map(({ unitHash }) => unitHash));',
    suites: WHOLE,
  },
  {
    name: 'the signature of an assignment is not checked',
    file: `${ASSIGNMENTS}/assignment-verifier.ts`,
    find: 'const { payload } = await compactVerify(token, key, { algorithms: [TOKEN_ALGORITHM] });',
    replace: "const payload = await Promise.resolve(Buffer.from(token.split('.')[1] ?? '', 'base64url'));",
    suites: [`${ASSIGNMENTS}/assignments.spec.ts`],
  },
  {
    name: 'units change sides when the share of an arm grows',
    file: `${DOMAIN}/assignment.ts`,
    find: 'const placeOf = createPlacement(experiment.salt, experiment.hashVersion);',
    replace: 'const placeOf = createPlacement(`${experiment.salt}/${experiment.share}`, experiment.hashVersion);',
    suites: [`${DOMAIN}/placement.spec.ts`],
  },
  {
    name: 'days are used before those that wait for outcomes',
    file: `${DOMAIN}/analysis/day-sums.ts`,
    find: '{ complete: both.slice(0, end), open: both.slice(end) }',
    replace: '{ complete: both.filter((each) => !waits(each)), open: both.filter(waits) }',
    suites: JUDGE,
  },
  {
    name: 'looking often makes a decision likelier than alpha',
    file: `${DOMAIN}/analysis/judge-ab.ts`,
    find: 'eValue >= 1 / alpha',
    replace: 'eValue >= 1',
    suites: [`${DOMAIN}/analysis/false-decisions.spec.ts`],
  },
  {
    name: 'a late look decides by its last day alone',
    file: `${DOMAIN}/analysis/judge-ab.ts`,
    find: 'days >= daysMin && eValue >=',
    replace: 'days >= daysMin && days === path.length && eValue >=',
    suites: JUDGE,
  },
];
