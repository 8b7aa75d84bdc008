import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { freePort } from '../lab/processes/free-port.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { findPackaged } from '../support/services/packaged.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RULES = join(ROOT, 'deploy/prometheus');
const run = promisify(execFile);

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook: string };
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const { groups } = parse(readFileSync(join(RULES, 'alerts.yaml'), 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/gatehouse.json'), 'utf8')) as { panels: Panel[] };

/** The program is part of the same package. */
async function promtool(t: ExecutionContext, ...args: string[]): Promise<void> {
  await findPackaged('prometheus');
  await t.notThrowsAsync(run('promtool', args, { cwd: RULES }));
}

test('Prometheus accepts the alerts', (t) => promtool(t, 'check', 'rules', 'alerts.yaml'));

test('each alert fires for its fault, and not without it', async (t) => {
  await promtool(t, 'test', 'rules', 'alerts.test.yaml');
  const { tests } = parse(readFileSync(join(RULES, 'alerts.test.yaml'), 'utf8')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
  };
  const fired = tests.flatMap(({ alert_rule_test: cases }) => cases).filter(({ exp_alerts }) => exp_alerts.length > 0);
  t.deepEqual([...new Set(fired.map(({ alertname }) => alertname))].sort(), rules.map(({ alert }) => alert).sort());
});

test('each alert has a page that says what it means and what to do', (t) => {
  for (const { alert, annotations } of rules) {
    t.true(existsSync(join(ROOT, annotations.runbook)), alert);
    const text = readFileSync(join(ROOT, annotations.runbook), 'utf8');
    t.true(text.includes(alert), `${annotations.runbook} names ${alert}`);
    for (const heading of [
      'What it means for clients',
      'What to look at first',
      'What to do',
      'How to know that it is over',
    ])
      t.true(text.includes(`\n## ${heading}\n`), `${annotations.runbook}: ${heading}`);
  }
});

/** A gateway that has, and does, everything that its metrics tell of, but for certificates. */
async function busyGateway(t: ExecutionContext): Promise<TestGateway> {
  const upstream = await httpUpstream(t, (req, res) => {
    req.resume();
    res.end('{}');
  });
  return await testGateway(t, {
    decisions: { port: 0 },
    limits: { few: { requests: 1, per: '1h', by: 'account' } },
    upstreams: { gone: { servers: ['http://127.0.0.1:1', 'http://127.0.0.1:2'], eject: { failures: 1 } } },
    routes: [
      { name: 'orders', path: '/api/v1/orders', upstream: upstream.url },
      { name: 'limited', path: '/api/v1/limited', upstream: upstream.url, limits: ['few'] },
      { name: 'gone', path: '/api/v1/gone', upstream: 'gone' },
    ],
  });
}

async function useAll(gateway: TestGateway, token: string): Promise<void> {
  const bearer = { Authorization: `Bearer ${token}` };
  const credentials = [bearer, { Authorization: basic(ADA) }, { Authorization: basic(BOB) }, {}];
  const asked = ['orders', 'limited', 'gone'].flatMap((route) =>
    credentials.map((headers) => fetch(`${gateway.url}/api/v1/${route}`, { headers })),
  );
  const decided = fetch(`${gateway.decisionsUrl}/auth-request`, {
    headers: { ...bearer, 'X-Original-Method': 'GET', 'X-Original-URI': '/api/v1/orders' },
  });
  for (const answer of await Promise.all([...asked, decided])) await answer.arrayBuffer();
}

/** Debian's Prometheus, scraping the gateway twice a second. @returns its URL */
async function startPrometheus(t: ExecutionContext, gateway: TestGateway): Promise<string> {
  const program = await findPackaged('prometheus');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-prometheus-'));
  const scrape = { job_name: 'gatehouse', static_configs: [{ targets: [new URL(gateway.opsUrl).host] }] };
  const configuration = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
    rule_files: [join(RULES, 'alerts.yaml')],
    scrape_configs: [scrape],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration));
  const port = await freePort();
  const server = startProcess(program, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  t.teardown(async () => {
    await server.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await holds('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true);
  return url;
}

/** The series of a query at this moment. @throws Error that quotes the query, if Prometheus refuses it */
async function seriesOf(prometheus: string, query: string): Promise<readonly { value: [number, string] }[]> {
  const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
  const { status, error, data } = (await answer.json()) as {
    status: string;
    error?: string;
    data?: { result: { value: [number, string] }[] };
  };
  if (status !== 'success' || data === undefined) throw new Error(`${query}: ${error}`);
  return data.result;
}

/** What Grafana puts in the place of its variables. */
function filledIn(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5s').replaceAll('$job', 'gatehouse').replaceAll('$instance', '.+');
}

test('a gateway at work has a series for each panel of the dashboard, and for each metric of the alerts', async (t) => {
  t.timeout(90_000);
  const gateway = await busyGateway(t);
  const token = await gateway.token();
  const prometheus = await startPrometheus(t, gateway);

  const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ about: `the panel “${title}”`, query: filledIn(expr) })),
  );
  t.true(queries.length > 30);
  const names = new Set(rules.flatMap(({ expr }) => expr.match(/\b(?:gatehouse|process)_\w+|\bup\b/g) ?? []));
  // A gateway without TLS has none.
  names.delete('gatehouse_certificate_expires_seconds');
  const missing = new Map(queries.map(({ about, query }) => [query, about]));
  for (const name of names) missing.set(name, `the metric ${name}`);

  const isComplete = holds(
    'all queries have a series',
    async () => {
      await useAll(gateway, token);
      for (const query of missing.keys()) {
        const series = await seriesOf(prometheus, query);
        if (series.some(({ value: [, value] }) => value !== 'NaN')) missing.delete(query);
      }
      return missing.size === 0;
    },
    60_000,
  );
  await isComplete.catch(() => {});
  t.deepEqual([...missing], [], 'there is a series for each');
});
