-- The nodes' user: owner of its database, and of nothing else. Run once by the image, when the data folder is made, as the
-- superuser; the password comes from the environment.
\set ON_ERROR_STOP on
\getenv password POSTGRES_NODE_PASSWORD
CREATE ROLE doorbuster LOGIN PASSWORD :'password';
CREATE DATABASE doorbuster OWNER doorbuster ENCODING 'UTF8' TEMPLATE template0 LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE doorbuster FROM PUBLIC;
