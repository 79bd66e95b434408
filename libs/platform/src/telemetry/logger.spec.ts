import { Secret } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { redact } from './redact.ts';

function capture(options: { level?: 'debug' | 'info'; pretty?: boolean } = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: options.level ?? 'info',
    service: 'registry',
    version: '1.2.3',
    pretty: options.pretty ?? false,
    out: { write: (line) => lines.push(line) },
  });
  return { log, lines };
}

describe('the logger', () => {
  it('writes one line of JSON with level, time, service and the fields', () => {
    const { log, lines } = capture();
    log.child({ module: 'm' }).info({ rows: 3 }, 'hello');
    log.debug({}, 'below the level');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'registry',
      version: '1.2.3',
      module: 'm',
      rows: 3,
      msg: 'hello',
    });
  });

  it.each(['authorization', 'Authorization', 'token', 'accessToken', 'password', 'client_secret', 'set-cookie'])(
    'masks %s at every level, in children and in errors',
    (name) => {
      const { log, lines } = capture();
      const error = Object.assign(new Error('refused'), { config: { headers: { [name]: 'hunter22' } } });
      const nested = { [name]: 'hunter22', request: { headers: [{ [name]: 'hunter22' }] }, s: new Secret('hunter22') };
      log.child({ [name]: 'hunter22' }).error({ ...nested, err: error }, 'x');
      expect(lines.join('')).not.toContain('hunter22');
      expect(lines.join('')).toContain('refused');
    },
  );

  it('for all fields: masks what a name marks as secret and keeps the rest', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(value, value, (harmless, hidden) => {
        expect(redact({ a: { harmless, token: hidden, tokensMax: 7 } })).toEqual({
          a: { harmless: redactedByHand(harmless), token: '***', tokensMax: 7 },
        });
      }),
    );
  });

  it('writes lines for people, without control characters from outside', () => {
    const { log, lines } = capture({ pretty: true });
    log.info({ model: 'a\u001B[2Jb', rows: 3 }, 'loaded');
    log.error({ err: new Error('broken', { cause: new Error('deeper') }) }, 'failed');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}loaded model=a\\u001b\[2Jb rows=3\n$/);
    expect(lines[1]).toMatch(/ERROR failed err=broken.*\n {4}at /);
  });
});

/** The generated names are random text: what happens to look secret is masked too. */
function redactedByHand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactedByHand);
  return typeof value === 'object' && value !== null ? redact(value) : value;
}
