import request from 'supertest';
import { readConfig } from './config.js';
import { StartError } from './start-error.js';
import { anApp } from './testing/an-app.js';

describe('Behind a trusted proxy', () => {
  it('each client has a limit and a line in the log of its own', async () => {
    const { statusFor, log } = await aLimitedApp({ 'trusted-proxy': ['loopback'] });
    for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1']) {
      expect([await statusFor(client), await statusFor(client), await statusFor(client)]).toEqual([401, 401, 429]);
      expect(log()).toContain(`ip=${client} `);
    }
    expect(log()).not.toContain('ignored');
  });

  it('entries that a client put in front change nothing', async () => {
    const { statusFor } = await aLimitedApp({ 'trusted-proxy': ['loopback', '10.0.0.0/8'] });
    expect(await statusFor('198.51.100.1, 192.0.2.1')).toBe(401);
    expect(await statusFor('198.51.100.2, 192.0.2.1, 10.1.2.3')).toBe(401);
    expect(await statusFor('127.0.0.1, 10.0.0.1, 192.0.2.1')).toBe(429);
    expect(await statusFor('198.51.100.1')).toBe(401);
  });

  it('a number counts proxies from this end', async () => {
    const { statusFor } = await aLimitedApp({ 'trusted-proxy': 2 });
    expect(await statusFor('198.51.100.1, 192.0.2.1, 203.0.113.1')).toBe(401);
    expect(await statusFor('198.51.100.2, 192.0.2.1, 203.0.113.2')).toBe(401);
    expect(await statusFor('198.51.100.3, 192.0.2.1, 203.0.113.3')).toBe(429);
  });

  it('addresses of one /64 share a limit, also with ports and brackets', async () => {
    const { statusFor } = await aLimitedApp({ 'trusted-proxy': ['loopback'] });
    expect(await statusFor('2001:db8:0:1::1')).toBe(401);
    expect(await statusFor('[2001:db8:0:1:ffff::2]:4711')).toBe(401);
    expect(await statusFor('"[2001:db8:0:1::3]:4712"')).toBe(429);
    expect(await statusFor('2001:db8:0:2::1')).toBe(401);
    expect(await statusFor('192.0.2.1:1')).toBe(401);
    expect(await statusFor('192.0.2.1:2')).toBe(401);
    expect(await statusFor('::ffff:192.0.2.1')).toBe(429);
  });

  it('what is no address counts as the proxy that wrote it', async () => {
    const { statusFor, log } = await aLimitedApp({ 'trusted-proxy': ['loopback'] });
    expect([await statusFor('unknown'), await statusFor('192.0.2.1, _hidden'), await statusFor('')]).toEqual([
      401, 401, 429,
    ]);
    expect(log()).not.toMatch(/unknown|_hidden/);
  });
});

describe('Behind a proxy that nobody named', () => {
  it.each([{}, { 'trusted-proxy': ['10.0.0.0/8', '2001:db8::/32'] }])(
    'X-Forwarded-For is ignored, and the log says so once (%j)',
    async (flags) => {
      const { statusFor, log } = await aLimitedApp(flags);
      const statuses = [await statusFor('192.0.2.1'), await statusFor('192.0.2.2'), await statusFor('192.0.2.3')];
      expect(statuses).toEqual([401, 401, 429]);
      expect(log().match(/X-Forwarded-For is ignored/g)).toHaveLength(1);
      expect(log()).not.toContain('192.0.2');
    },
  );
});

describe('--trusted-proxy', () => {
  it.each([
    [
      ['loopback', '10.0.0.0/8,2001:DB8::/32'],
      ['loopback', '10.0.0.0/8', '2001:db8::/32'],
    ],
    [['192.0.2.1'], ['192.0.2.1']],
    ['2', 2],
    [1, 1],
    [['32'], 32],
  ])('takes %j', (given, trustedProxy) => {
    expect(readConfig({ 'trusted-proxy': given }, { MCLI_HOME: '/nowhere' })).toMatchObject({ trustedProxy });
    if (typeof given === 'string') {
      const environment = { MCLI_HOME: '/nowhere', MCLI_TRUSTED_PROXY: given };
      expect(readConfig({}, environment)).toMatchObject({ trustedProxy });
    }
  });

  it.each([
    'yes',
    'true',
    '0',
    '33',
    '1.5',
    '-1',
    '1,2',
    '2,loopback',
    'proxy.example',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '10.0.0/8',
    '::/0',
    '2001:db8::/129',
    '::ffff:10.0.0.0/104',
    '::ffff:a00:0/104',
    'fe80::1%eth0',
    '10.0.0.0/255.0.0.0',
    'loopback,',
    '',
  ])("refuses '%s' as a wrong flag", (value) => {
    const read = () => readConfig({ 'trusted-proxy': [value] }, { MCLI_HOME: '/nowhere' });
    expect(read).toThrow(StartError);
    expect(read).toThrow(/^--trusted-proxy takes 'loopback', a network such as 10\.0\.0\.0\/8/);
  });
});

async function aLimitedApp(flags: object) {
  const { app, log } = await anApp({ flags: { 'rate-limit': '2/min', ...flags } });
  return {
    log,
    /** The status for a client without a key, as the proxy in front names it. */
    statusFor: async (forwardedFor: string) =>
      (await request(app).get('/v1/models').set('x-forwarded-for', forwardedFor)).status,
  };
}
