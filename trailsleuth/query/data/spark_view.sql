CREATE OR REPLACE TEMPORARY VIEW trail_files
USING text
OPTIONS (path = :location, wholetext = 'true', recursiveFileLookup = 'true', pathGlobFilter = '*.json*')
