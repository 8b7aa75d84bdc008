import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { findExecutable } from '../../lab/packages/executables.ts';

const run = promisify(execFile);
const OVERLAYS = join(import.meta.dirname, '../../../deploy/kubernetes/overlays');
/** Components came with 1.21. */
const LOWEST_MINOR = 21;

/** An object of Kubernetes; a test casts `spec` to the type of its kind. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly data?: Record<string, string>;
  readonly spec?: unknown;
}

/** The names of all overlays. */
export const OVERLAY_NAMES: readonly string[] = readdirSync(OVERLAYS);

/** The objects that `kubectl apply -k` of the overlay sends to a cluster. */
export async function objectsOf(overlay: string): Promise<KubernetesObject[]> {
  const { stdout, stderr } = await run(await kubectl(), ['kustomize', join(OVERLAYS, overlay)]);
  if (stderr !== '') throw new Error(`kubectl warns of ${overlay}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
}

let found: Promise<string> | undefined;

function kubectl(): Promise<string> {
  found ??= findKubectl();
  return found;
}

/** @throws {OperatorError} When there is none, or only one that is too old. */
async function findKubectl(): Promise<string> {
  let program = findExecutable('kubectl');
  let failure: string | null = null;
  if (program === null) {
    failure = await aptInstall('kubectl', 'kubernetes-client');
    program = findExecutable('kubectl');
  }
  if (program === null) {
    throw new OperatorError(
      `The tests need kubectl, and there is none: ${failure ?? 'after apt-get install, it is still not there'}. ` +
        'On Debian: sudo apt-get install kubernetes-client.',
    );
  }
  const { stdout } = await run(program, ['version', '--client', '--output=json']);
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { minor: string; gitVersion: string } };
  if (Number.parseInt(clientVersion.minor, 10) < LOWEST_MINOR) {
    throw new OperatorError(
      `The tests need kubectl 1.${LOWEST_MINOR} or later, and ${program} is ${clientVersion.gitVersion}. ` +
        'The package kubernetes-client of Debian 13 is new enough.',
    );
  }
  return program;
}

/** The only object of that kind and name. */
export function objectOf(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const [object, ...others] = objects.filter((each) => each.kind === kind && each.metadata.name === name);
  if (object === undefined || others.length > 0) throw new Error(`not exactly one ${kind} ${name}`);
  return object;
}
