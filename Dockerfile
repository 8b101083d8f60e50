# A node of Doorbuster. What the tests run of it without a container: test/deploy/image.ts, docs/deployment.md.

FROM node:26.10.0-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# What is needed to run, and nothing that tests and tools need. None of these packages has to run a script for it.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-trixie-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY src ./src
# A volume that is mounted here for the first time takes over whose folder it is.
RUN mkdir -p /data && chown 1000:1000 /data && chmod 700 /data
VOLUME /data
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
# It starts a Node of its own, so it is not asked all the time. While the node starts it is.
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=180s --start-interval=3s \
  CMD ["node", "src/cli.ts", "health"]
# Not through npm, which would stand between the node and the signal that ends it.
CMD ["node", "src/cli.ts", "start"]
