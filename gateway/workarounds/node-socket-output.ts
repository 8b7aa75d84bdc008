/**
 * Sets O_NONBLOCK on standard output where it is a socket, such as the journal's.
 *
 * Node (20 to 26) has no public way to set it, and a socket cannot be opened anew by its path, as a pipe can. Every process
 * that inherited the socket may take the flag back, so this is called before each write. Without Node's undocumented handle,
 * the flag stays as `process.stdout` has set it when it was made.
 */
export function unblockSocketOutput(): void {
  handleOfOutput()?.setBlocking?.(false);
}

/** Node's undocumented handle below a stream. */
interface Handle {
  setBlocking?(isBlocking: boolean): number;
}

function handleOfOutput(): Handle | null | undefined {
  return (process.stdout as { _handle?: Handle | null })._handle;
}
