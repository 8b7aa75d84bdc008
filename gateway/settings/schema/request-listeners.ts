import { redirectAddress } from './listen-tls-options.ts';
import { type ListenAddress, type ListenerName, listenAddress } from './listener-options.ts';
import type { Settings } from './settings.ts';

/** The listeners that take requests, which each worker opens; `ops` is the primary's. */
export function requestListeners({ listen, decisions }: Pick<Settings, 'listen' | 'decisions'>) {
  const { redirect } = listen;
  const named: { readonly name: ListenerName; readonly address: ListenAddress }[] = [
    { name: 'listen', address: listenAddress('listen', listen) },
  ];
  if (redirect !== undefined) {
    const address = listenAddress('listen.redirect', redirectAddress(listen, redirect));
    named.push({ name: 'listen.redirect', address });
  }
  if (decisions !== undefined) named.push({ name: 'decisions', address: listenAddress('decisions', decisions) });
  return named;
}
