/** A configuration with routes that share a path, a route without upstream, a host, and an upstream over TLS. */
export const CONFIG = `
listen: { port: 8090 }
decisions: { port: 8092, cache: 5s }
trustedProxies: [127.0.0.1]
routes:
  - { name: orders, path: /api/v1/orders, methods: [GET], upstream: "http://orders.shop:9000", stripPrefix: /api/v1 }
  - { name: orders.write, path: /api/v1/orders, methods: [POST], upstream: [http://a:9001, http://b:9001], passAuthorization: true }
  - { name: elsewhere, path: /api/v1/elsewhere }
  - { name: shop, host: "*.shop.example", path: /, upstream: "https://shop.internal", auth: none }
  - { name: website, path: /, upstream: "http://127.0.0.1:3000", auth: none }
`;
