# syntax=docker/dockerfile:1

# Both images are the Node.js of devDependencies.node. The digest is that of the index of all architectures, and is written out since Dependabot
# does not see arguments.

# Runs once, on the architecture of the builder: nothing is compiled, and no package is for one architecture alone.
FROM --platform=$BUILDPLATFORM node:26.10.0-slim@sha256:930557a230abacbc3f4fd9b8648abf8f4bee1e17cb72195dcdfb2f709bc85b33 AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-slim@sha256:930557a230abacbc3f4fd9b8648abf8f4bee1e17cb72195dcdfb2f709bc85b33
# The gateway needs node alone: no package manager is left for an intruder to use.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE THIRD-PARTY-LICENSES.md ./
COPY config ./config
COPY gateway ./gateway
# Owned by the user: data before it becomes a volume, so that a new volume is writable too, and the place where Node keeps
# what it has compiled, so that a container that starts again does so in half the time.
RUN mkdir data node_modules/.cache && chown node:node data node_modules/.cache
VOLUME /app/data
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:8081/health/ready', { signal: AbortSignal.timeout(2500) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--disable-sigusr1", "gateway/main.ts", "start"]
