/** The symbols under which undici (8.12) keeps the socket of a client, and the parser of a socket. */
declare module 'undici/lib/core/symbols.js' {
  const symbols: { readonly kSocket: unique symbol; readonly kParser: unique symbol };
  export default symbols;
}
