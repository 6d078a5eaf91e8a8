// An application that asks a Postgres: CommonJS.
const { phase } = require('@inferometer/core');
const express = require('express');
const pg = require('pg');
const serve = require('./postgres-routes.cjs');

serve({ express, pg, phase });
