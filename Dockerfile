# docker build -t session-keeper . && docker run --rm --read-only -v keeper-data:/data -p 4173:4173 -p 4174:4174 session-keeper
# docs/how-to/run-in-a-container.md has the options. `npm run image` checks the image.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data/store
# As many as the container has processors: docs/how-to/operate-the-server.md.
ENV UV_THREADPOOL_SIZE=2
WORKDIR /app
COPY package.json LICENSE THIRD-PARTY-NOTICES.md ./
COPY bin bin
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4173 4174
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "bin/healthy.mjs"]
CMD ["node", "bin/serve.mjs"]
