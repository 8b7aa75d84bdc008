/** Comments that several recipes have. */

export const NAME_IN_TRUSTED_PROXIES = `# Name this proxy in trustedProxies of Gatehouse's configuration: the token endpoints and pages then know the clients' addresses.
`;

export const PORT_9_STANDS_FOR_SERVICES = `# Port 9 stands for services whose address Gatehouse does not know: routes without upstream.
`;

/** Where the address of a service is missing. */
export const PUT_THE_ADDRESS_HERE = '# The route has no upstream. Put the address of its service here.';
