/** What lets nginx keep its connections to a service alive; stands in `http { }`. */
export function service(name: string, port: number): string {
  return `
  upstream ${name} {
    server 127.0.0.1:${port};
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }`;
}
