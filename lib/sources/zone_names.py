"""Names of grid zones by their three letters (ISO 3166-1 alpha-3, short English names as commonly written)."""

from __future__ import annotations

_NAMES = """
WOR World|EEE Europe
ABW Aruba|AFG Afghanistan|AGO Angola|ALB Albania|ARE United Arab Emirates|ARG Argentina|ARM Armenia|ASM American Samoa
ATG Antigua and Barbuda|AUS Australia|AUT Austria|AZE Azerbaijan|BDI Burundi|BEL Belgium|BEN Benin|BFA Burkina Faso
BGD Bangladesh|BGR Bulgaria|BHR Bahrain|BHS Bahamas|BIH Bosnia and Herzegovina|BLR Belarus|BLZ Belize|BMU Bermuda
BOL Bolivia|BRA Brazil|BRB Barbados|BRN Brunei|BTN Bhutan|BWA Botswana|CAF Central African Republic|CAN Canada
CHE Switzerland|CHL Chile|CHN China|CIV Côte d'Ivoire|CMR Cameroon|COD Congo (Kinshasa)|COG Congo (Brazzaville)
COK Cook Islands|COL Colombia|COM Comoros|CPV Cabo Verde|CRI Costa Rica|CUB Cuba|CYM Cayman Islands|CYP Cyprus
CZE Czechia|DEU Germany|DJI Djibouti|DMA Dominica|DNK Denmark|DOM Dominican Republic|DZA Algeria|ECU Ecuador|EGY Egypt
ERI Eritrea|ESH Western Sahara|ESP Spain|EST Estonia|ETH Ethiopia|FIN Finland|FJI Fiji|FLK Falkland Islands|FRA France
FRO Faroe Islands|GAB Gabon|GBR United Kingdom|GEO Georgia|GHA Ghana|GIB Gibraltar|GIN Guinea|GLP Guadeloupe|GMB Gambia
GNB Guinea-Bissau|GNQ Equatorial Guinea|GRC Greece|GRD Grenada|GRL Greenland|GTM Guatemala|GUF French Guiana|GUM Guam
GUY Guyana|HKG Hong Kong|HND Honduras|HRV Croatia|HTI Haiti|HUN Hungary|IDN Indonesia|IND India|IRL Ireland|IRN Iran
IRQ Iraq|ISL Iceland|ISR Israel|ITA Italy|JAM Jamaica|JOR Jordan|JPN Japan|KAZ Kazakhstan|KEN Kenya|KGZ Kyrgyzstan
KHM Cambodia|KIR Kiribati|KNA Saint Kitts and Nevis|KOR South Korea|KWT Kuwait|LAO Laos|LBN Lebanon|LBR Liberia|LBY Libya
LCA Saint Lucia|LKA Sri Lanka|LSO Lesotho|LTU Lithuania|LUX Luxembourg|LVA Latvia|MAC Macao|MAR Morocco|MDA Moldova
MDG Madagascar|MDV Maldives|MEX Mexico|MKD North Macedonia|MLI Mali|MLT Malta|MMR Myanmar|MNE Montenegro|MNG Mongolia
MOZ Mozambique|MRT Mauritania|MSR Montserrat|MTQ Martinique|MUS Mauritius|MWI Malawi|MYS Malaysia|NAM Namibia
NCL New Caledonia|NER Niger|NGA Nigeria|NIC Nicaragua|NLD Netherlands|NOR Norway|NPL Nepal|NRU Nauru|NZL New Zealand
OMN Oman|PAK Pakistan|PAN Panama|PER Peru|PHL Philippines|PNG Papua New Guinea|POL Poland|PRI Puerto Rico|PRK North Korea
PRT Portugal|PRY Paraguay|PSE Palestine|PYF French Polynesia|QAT Qatar|REU Réunion|ROU Romania|RUS Russia|RWA Rwanda
SAU Saudi Arabia|SDN Sudan|SEN Senegal|SGP Singapore|SHN Saint Helena|SLB Solomon Islands|SLE Sierra Leone|SLV El Salvador
SOM Somalia|SPM Saint Pierre and Miquelon|SRB Serbia|SSD South Sudan|STP São Tomé and Príncipe|SUR Suriname|SVK Slovakia
SVN Slovenia|SWE Sweden|SWZ Eswatini|SYC Seychelles|SYR Syria|TCA Turks and Caicos Islands|TCD Chad|TGO Togo|THA Thailand
TJK Tajikistan|TKM Turkmenistan|TLS Timor-Leste|TON Tonga|TTO Trinidad and Tobago|TUN Tunisia|TUR Türkiye|TWN Taiwan
TZA Tanzania|UGA Uganda|UKR Ukraine|URY Uruguay|USA United States|UZB Uzbekistan|VCT Saint Vincent and the Grenadines
VEN Venezuela|VGB British Virgin Islands|VIR United States Virgin Islands|VNM Vietnam|VUT Vanuatu|WSM Samoa|YEM Yemen
ZAF South Africa|ZMB Zambia|ZWE Zimbabwe
"""
ZONE_NAMES: dict[str, str] = {entry[:3]: entry[4:] for line in _NAMES.strip().splitlines() for entry in line.split("|")}
"""Zone to name; ``WOR`` and ``EEE`` (Europe) are of the table of intensities, not of the standard."""
