import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { IIoK8sApiAppsV1DeploymentSpec as DeploymentSpec } from 'kubernetes-models/apps/v1/DeploymentSpec';
import type { IIoK8sApiNetworkingV1NetworkPolicySpec as PolicySpec } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicySpec';
import type { IIoK8sApiPolicyV1PodDisruptionBudgetSpec as BudgetSpec } from 'kubernetes-models/policy/v1/PodDisruptionBudgetSpec';
import type { IIoK8sApiCoreV1ServiceSpec as ServiceSpec } from 'kubernetes-models/v1/ServiceSpec';
import { loadSettings } from '../../gateway/settings/read/load.ts';
import type { Settings } from '../../gateway/settings/schema/settings.ts';
import { configurationOf } from '../support/kubernetes/configuration.ts';
import { type KubernetesObject, OVERLAY_NAMES, objectOf, objectsOf } from '../support/kubernetes/overlays.ts';
import { unknownKeys, wrongValues } from '../support/kubernetes/schemas.ts';
import { gatehouse } from '../support/processes/command.ts';

const DOCS = join(import.meta.dirname, '../../docs/kubernetes.md');
/** Seconds that a gateway with workers needs at most beyond shutdown.timeout. */
const KILL_MARGIN = 2;

function deploymentOf(objects: readonly KubernetesObject[]) {
  const spec = objectOf(objects, 'Deployment', 'gatehouse').spec as DeploymentSpec;
  const pod = spec.template.spec;
  const [container] = pod?.containers ?? [];
  if (pod === undefined || container === undefined) throw new Error('the deployment has no container');
  return { spec, pod, container, labels: spec.template.metadata?.labels ?? {} };
}

/** The listeners by the names of their ports, and by which port of the Service each is reached; undefined: by none. */
function listenersOf({ listen: { host, port, redirect }, ops, decisions }: Settings) {
  const listeners = [{ name: 'ops', host: ops.host, port: ops.port, offeredAs: undefined as number | undefined }];
  if (decisions !== undefined) {
    listeners.push({ name: 'decisions', host: decisions.host, port: decisions.port, offeredAs: decisions.port });
  }
  if (redirect === undefined) return [...listeners, { name: 'http', host, port, offeredAs: port }];
  return [
    ...listeners,
    { name: 'https', host, port, offeredAs: redirect.httpsPort },
    { name: 'http', host: redirect.host ?? host, port: redirect.port, offeredAs: 80 },
  ];
}

/** The schemas of the Gateway API know the filters of its standard channel; ExternalAuth is of the experimental one. */
const EXPERIMENTAL = 'data/spec/rules/0/filters/0/type must be equal to one of the allowed values';

for (const overlay of OVERLAY_NAMES) {
  test(`${overlay}: each object has the values that the schema of its kind requires`, async (t) => {
    for (const object of await objectsOf(overlay)) {
      const isExperimental = object.kind === 'HTTPRoute' && JSON.stringify(object).includes('ExternalAuth');
      t.is(await wrongValues(object), isExperimental ? EXPERIMENTAL : null, `${object.kind} ${object.metadata.name}`);
    }
  });

  test(`${overlay}: gatehouse check accepts the configuration`, async (t) => {
    const file = await configurationOf(t, overlay, await objectsOf(overlay));
    const { code, stderr, stdout } = await gatehouse(['check', '--config', file]);
    t.is(code, 0, stderr);
    t.regex(stdout, /is valid/);
  });

  test(`${overlay}: the ports of the pod, its probes, the Service and the NetworkPolicy are those that the gateway listens on`, async (t) => {
    const objects = await objectsOf(overlay);
    const settings = loadSettings(await configurationOf(t, overlay, objects), {});
    const listeners = listenersOf(settings);
    const { container } = deploymentOf(objects);
    t.deepEqual(
      Object.fromEntries(container.ports?.map(({ name, containerPort }) => [name, containerPort]) ?? []),
      Object.fromEntries(listeners.map(({ name, port }) => [name, port])),
    );
    for (const { host, name } of listeners) t.is(host, '0.0.0.0', name);
    const service = objectOf(objects, 'Service', 'gatehouse').spec as ServiceSpec;
    const offered = service.ports?.map(({ name, port, targetPort }) => [name, [port, targetPort]]) ?? [];
    const expected = listeners
      .filter(({ offeredAs }) => offeredAs !== undefined)
      .map(({ name, offeredAs }) => [name, [offeredAs, name]]);
    t.deepEqual(Object.fromEntries(offered), Object.fromEntries(expected));
    t.true(settings.watch);
    const { startupProbe, readinessProbe, livenessProbe } = container;
    t.deepEqual(
      [startupProbe, readinessProbe, livenessProbe].map((probe) => [probe?.httpGet?.path, probe?.httpGet?.port]),
      [
        ['/health/ready', 'ops'],
        ['/health/ready', 'ops'],
        ['/health/live', 'ops'],
      ],
    );
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec as PolicySpec);
    const allowed = policies.flatMap(({ ingress = [] }) => ingress.flatMap(({ ports = [] }) => ports));
    t.deepEqual(allowed.map(({ port }) => port).toSorted(), listeners.map(({ name }) => name).toSorted());
  });

  test(`${overlay}: the gateway ends by itself before the kubelet kills it`, async (t) => {
    const objects = await objectsOf(overlay);
    const { shutdown } = loadSettings(await configurationOf(t, overlay, objects), {});
    const { pod, container } = deploymentOf(objects);
    t.true((pod.terminationGracePeriodSeconds ?? 0) >= shutdown.timeout / 1_000 + KILL_MARGIN);
    t.true(shutdown.delay > 0);
    t.true(shutdown.delay < shutdown.timeout);
    t.is(container.lifecycle, undefined);
  });

  test(`${overlay}: the pod is as restricted as the namespace requires, and writes to volumes alone`, async (t) => {
    const { pod, container } = deploymentOf(await objectsOf(overlay));
    t.is(pod.securityContext?.runAsNonRoot, true);
    t.is(pod.securityContext?.seccompProfile?.type, 'RuntimeDefault');
    t.is(pod.automountServiceAccountToken, false);
    t.is(pod.enableServiceLinks, false);
    t.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const mounts = container.volumeMounts ?? [];
    t.deepEqual(mounts.map(({ name }) => name).toSorted(), pod.volumes?.map(({ name }) => name).toSorted());
    const writable = mounts.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath);
    t.deepEqual(writable.toSorted(), overlay === 'sqlite' ? ['/app/data', '/tmp'] : ['/tmp']);
    // The kubelet never updates what a subPath mounts.
    for (const { subPath, subPathExpr, name } of mounts) t.is(subPath ?? subPathExpr, undefined, name);
  });

  test(`${overlay}: selectors select the pods of the gateway and no others`, async (t) => {
    const objects = await objectsOf(overlay);
    const { spec, labels } = deploymentOf(objects);
    const selectors = [
      spec.selector.matchLabels,
      ...objects.flatMap(({ kind, spec: of }) => {
        if (kind === 'Service') return [(of as ServiceSpec).selector];
        if (kind === 'NetworkPolicy') return [(of as PolicySpec).podSelector?.matchLabels];
        if (kind === 'PodDisruptionBudget') return [(of as BudgetSpec).selector?.matchLabels];
        return [];
      }),
    ];
    t.true(selectors.length >= 3);
    for (const selector of selectors) t.deepEqual(selector, labels);
    for (const { kind, metadata } of objects) {
      if (kind !== 'Namespace') t.is(metadata.namespace, 'gatehouse', `${kind} ${metadata.name}`);
    }
  });

  test(`${overlay}: every rule of a NetworkPolicy names ports, or peers`, async (t) => {
    const objects = await objectsOf(overlay);
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec as PolicySpec);
    const rules = policies.flatMap(({ ingress = [], egress = [] }) => [...ingress, ...egress]);
    for (const rule of rules) {
      const peers = 'from' in rule ? rule.from : 'to' in rule ? rule.to : undefined;
      t.true((rule.ports ?? []).length > 0 || (peers ?? []).length > 0);
      // An empty list of peers stands for everybody.
      t.not(peers?.length, 0);
    }
    const fromAnywhere = policies
      .flatMap(({ ingress = [] }) => ingress)
      .filter(({ from }) => from === undefined)
      .flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    t.deepEqual(fromAnywhere, overlay === 'tls' ? ['http', 'https'] : ['http']);
  });

  test(`${overlay}: docs/kubernetes.md names the overlay`, async (t) => {
    t.true((await readFile(DOCS, 'utf8')).includes(`\`${overlay}\``));
  });
}

test('no object has a key that its kind does not know', async (t) => {
  const objects = (await Promise.all(OVERLAY_NAMES.map(objectsOf))).flat();
  t.true(objects.length > OVERLAY_NAMES.length);
  t.deepEqual(await unknownKeys(objects), []);
});

test('a misspelt key and a wrong value are found', async (t) => {
  const deployment = objectOf(await objectsOf('sqlite'), 'Deployment', 'gatehouse');
  const wrong = (from: string, to: string) =>
    JSON.parse(JSON.stringify(deployment).replace(from, to)) as KubernetesObject;
  const problems = await unknownKeys([wrong('"readinessProbe"', '"readinesProbe"')]);
  t.is(problems.length, 1);
  t.regex(problems[0] ?? '', /readinesProbe/);
  t.regex(
    (await wrongValues(wrong('"periodSeconds":10', '"periodSeconds":"10"'))) ?? '',
    /periodSeconds must be integer/,
  );
});

test('with SQLite there is one pod, and the old one ends before the new one starts', async (t) => {
  const objects = await objectsOf('sqlite');
  const { spec } = deploymentOf(objects);
  t.is(spec.replicas, 1);
  t.deepEqual(spec.strategy, { type: 'Recreate' });
  t.deepEqual(
    objects.filter(({ kind }) => ['HorizontalPodAutoscaler', 'PodDisruptionBudget'].includes(kind)),
    [],
  );
});
