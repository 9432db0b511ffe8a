# The app alone: Postgres and Electric run beside it (docker-compose.yml).
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No script of a package runs (.npmrc). Optional packages stay: the bundlers' native parts are among them.
RUN npm ci --loglevel=error
COPY . .
RUN node server/build-command.ts

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 AUTH_MODE=accounts DATA_DIR=/data
WORKDIR /app
COPY --from=build --chown=root:root /app /app
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
  CMD ["node", "server/health-command.ts"]
CMD ["node", "server/start.ts"]
