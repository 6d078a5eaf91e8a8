// An application that asks a Postgres: ESM.
import { phase } from '@inferometer/core';
import express from 'express';
import pg from 'pg';
import serve from './postgres-routes.cjs';

serve({ express, pg, phase });
