import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../lab/processes/free-port.ts';
import { startProcess } from '../../lab/processes/server-process.ts';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { findPythonWith } from '../services/python-module.ts';
import { findUpstreamServer } from '../services/upstream-servers.ts';

/*
 * The same website in each framework: `/` redirects to `/orders/7`; `/orders/7` sets a cookie for `/orders` and returns its
 * cookies and its own link to `/orders/8`; `/list` redirects to `/list/` if the framework does this itself.
 */

const DJANGO = (prefix: string) => `
import sys
from django.conf import settings
settings.configure(DEBUG=False, ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, SECRET_KEY='x' * 50,
    FORCE_SCRIPT_NAME=${prefix === '' ? 'None' : JSON.stringify(prefix)},
    MIDDLEWARE=['django.middleware.common.CommonMiddleware'])
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
def order(request, id):
    answer = HttpResponse('cookies: %s link: %s' % (request.COOKIES.get('seen'), reverse('order', args=[8])))
    answer.set_cookie('seen', 'yes', path=reverse('order', args=[7])[:-2])
    return answer
urlpatterns = [
    path('', lambda request: redirect('order', id=7)),
    path('orders/<int:id>', order, name='order'),
    path('list/', lambda request: HttpResponse('list')),
]
from wsgiref.simple_server import make_server
make_server('127.0.0.1', int(sys.argv[1]), WSGIHandler()).serve_forever()
`;

const FLASK = (isAware: boolean) => `
import sys
from flask import Flask, redirect, request, url_for
app = Flask(__name__)
@app.get('/')
def root():
    return redirect(url_for('order', id=7))
@app.get('/orders/<int:id>')
def order(id):
    answer = app.make_response('cookies: %s link: %s' % (request.cookies.get('seen'), url_for('order', id=8)))
    answer.set_cookie('seen', 'yes', path=url_for('order', id=7)[:-2])
    return answer
@app.get('/list/')
def all():
    return 'list'
${isAware ? 'from werkzeug.middleware.proxy_fix import ProxyFix\napp.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)' : ''}
app.run(host='127.0.0.1', port=int(sys.argv[1]))
`;

const PHP = (isAware: boolean) => `<?php
$prefix = ${isAware ? "$_SERVER['HTTP_X_FORWARDED_PREFIX'] ?? ''" : "''"};
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/') { header("Location: $prefix/orders/7", true, 302); return; }
if ($path === '/list') { header("Location: http://$_SERVER[HTTP_HOST]$prefix/list/", true, 301); return; }
if ($path === '/list/') { echo 'list'; return; }
setcookie('seen', 'yes', ['path' => "$prefix/orders"]);
echo 'cookies: ', $_COOKIE['seen'] ?? 'None', " link: $prefix/orders/8";
`;

export type Framework = 'Django' | 'Flask' | 'PHP';

/**
 * Starts the website.
 *
 * @param prefix the mount path that the framework knows, by configuration or from `X-Forwarded-Prefix`; empty: none
 * @returns its URL
 */
export async function website(t: Scope, framework: Framework, prefix: string): Promise<string> {
  const program = framework === 'PHP' ? await findUpstreamServer('PHP') : await findPythonWith(framework);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-website-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'website');
  const isAware = prefix !== '';
  const text = { Django: () => DJANGO(prefix), Flask: () => FLASK(isAware), PHP: () => PHP(isAware) }[framework]();
  writeFileSync(file, text);
  const port = await freePort();
  const running = startProcess(program, framework === 'PHP' ? ['-S', `127.0.0.1:${port}`, file] : [file, String(port)]);
  t.teardown(() => running.end('SIGKILL'));
  let told = '';
  for (const output of [running.stdout, running.stderr]) {
    output.setEncoding('utf8');
    output.on('data', (part: string) => {
      told += part;
    });
  }
  const url = `http://127.0.0.1:${port}`;
  await holds(`${framework} answers`, async () => {
    if (running.ended) throw new Error(`${framework} has ended: ${told.slice(-2_000)}`);
    return await fetch(`${url}/list/`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return url;
}
