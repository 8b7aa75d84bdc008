/** How a TLS handshake with a client ended; `left`: the client has closed the connection. */
export type Handshake = 'full' | 'resumed' | 'overdue' | 'cleartext' | 'client_certificate' | 'refused' | 'left';
