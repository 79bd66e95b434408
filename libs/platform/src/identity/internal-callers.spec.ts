import { seededRandom } from '@slipway/kernel';
import { expect, it } from 'vitest';
import { internalCallers } from './internal-callers.ts';

const signal = new AbortController().signal;
const { token, resolveCaller } = internalCallers(seededRandom(1), 'serving');

it('knows the service by its token, in the workspace it asks for', async () => {
  const caller = await resolveCaller({ authorization: `Bearer ${token}`, workspace: 'flights' }, signal);
  expect(caller).toMatchObject({ principal: 'service:serving', workspace: 'flights', allWorkspaces: true });
});

it.each([undefined, '', token, `Bearer ${token} `, `Bearer ${internalCallers(seededRandom(2), 'serving').token}`])(
  'refuses %j',
  async (authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    await expect(resolveCaller(headers, signal)).rejects.toMatchObject({ kind: 'unauthenticated' });
  },
);
