"""Spreadsheets (.xlsx): the workbook, the XML of a sheet, and the table among its rows."""
