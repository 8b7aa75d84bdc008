import test from 'ava';
import { onFirstPorts } from '../../../gateway/cli/cluster/first-ports.ts';
import type { Settings } from '../../../gateway/settings/schema/settings.ts';

test('later workers get by number the ports that Node chose, and no others', (t) => {
  const first = {
    url: 'https://127.0.0.1:443',
    decisionsUrl: 'http://[::1]:40001',
    redirectUrl: 'http://127.0.0.1:40002',
  };
  const settings = { listen: { port: 443, redirect: { port: 0 } }, decisions: { port: 0 } } as unknown as Settings;
  t.like(onFirstPorts(settings, first), {
    listen: { port: 443, redirect: { port: 40_002 } },
    decisions: { port: 40_001 },
  });
  const elsewhere = { listen: { fd: 3 }, decisions: { socket: '/run/d.sock' } } as unknown as Settings;
  const unix = { url: 'unix:fd=3', decisionsUrl: 'unix:/run/d.sock', redirectUrl: null };
  t.deepEqual(onFirstPorts(elsewhere, unix), elsewhere);
});
