/** Where a server runs. */
export interface Place {
  /** The address that it listens on, and by which others reach it. */
  readonly address: string;
  /**
   * What starts a program there, with the same process id.
   *
   * @param user by whom it runs; left out: the user of this process
   */
  command(
    program: string,
    args: readonly string[],
    user?: { readonly uid?: number; readonly gid?: number },
  ): readonly [program: string, args: readonly string[]];
}

/** The network of this process, on loopback. The user is left to `spawn`. */
export const HERE: Place = { address: '127.0.0.1', command: (program, args) => [program, args] };
